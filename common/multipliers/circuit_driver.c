// Calls a circuit for every pair of operands; compiled with the circuit's file by c_circuit.py, and run by it.
//
// The circuit comes before this file (-include), with its main renamed. The macros say what to call:
// TFAPPROX_FUNCTION, TFAPPROX_BITS and TFAPPROX_SIGNED. The file named on the command line is mapped into memory, so
// that what is known when the circuit crashes or is stopped can be read: see the fields below.
#undef main
#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

enum { CODES = 1 << TFAPPROX_BITS, PAIRS = CODES * CODES };

typedef struct {
  int64_t unsigned_result;  // whether the return type is unsigned
  int64_t calls;            // made so far
  int64_t changed_pair;     // 1 + the pair whose second product differs from its first, 0 if there is none
  int64_t changed_product;  // that second product
  int64_t products[PAIRS];
} TfapproxPage;

static int64_t tfapprox_value(int code) { return TFAPPROX_SIGNED && code >= CODES / 2 ? code - CODES : code; }

static int64_t tfapprox_product(int pair) {
  return (int64_t)TFAPPROX_FUNCTION(tfapprox_value(pair / CODES), tfapprox_value(pair % CODES));
}

int main(int count, char** arguments) {
  const int file = count == 2 ? open(arguments[1], O_RDWR) : -1;
  volatile TfapproxPage* page = mmap(0, sizeof(TfapproxPage), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (file < 0 || page == MAP_FAILED) return 125;
  page->unsigned_result = (__typeof__(TFAPPROX_FUNCTION(0, 0)))-1 > 0;
  for (int pair = 0; pair < PAIRS; ++pair, ++page->calls) page->products[pair] = tfapprox_product(pair);
  // Backwards once more: a circuit has no memory, but a C function that reads a variable before it sets it has.
  for (int pair = PAIRS - 1; pair >= 0; --pair, ++page->calls) {
    const int64_t again = tfapprox_product(pair);
    if (again == page->products[pair]) continue;
    page->changed_product = again;
    page->changed_pair = 1 + pair;
  }
  return 0;
}
