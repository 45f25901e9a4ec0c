// Calls a circuit for pairs of operands; compiled with the circuit's file by c_circuit.py, and run by it.
//
// The circuit comes before this file (-include), with its main renamed, and TFAPPROX_FUNCTION names it. The file named
// on the command line has the operands. It is mapped into memory, so that the results so far can be read after the
// circuit has crashed or has been stopped.
#undef main
#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct {
  int64_t unsigned_result;  // whether the return type is unsigned
  int64_t calls;            // number of calls made so far
  int64_t changed_pair;     // 1 + the pair whose second product differs from its first, 0 if there is none
  int64_t changed_product;  // the second product of this pair
  int64_t pairs;            // number of pairs of operands
  int64_t data[];           // activations [pairs], weights [pairs], products [pairs]
} TfapproxPage;

static int64_t tfapprox_product(volatile const int64_t* activation, int64_t pairs) {
  return (int64_t)TFAPPROX_FUNCTION(activation[0], activation[pairs]);
}

int main(int count, char** arguments) {
  struct stat status;
  const int file = count == 2 ? open(arguments[1], O_RDWR) : -1;
  if (file < 0 || fstat(file, &status) != 0) return 125;
  volatile TfapproxPage* page = mmap(0, status.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (page == MAP_FAILED) return 125;
  const int64_t pairs = page->pairs;
  volatile int64_t* products = page->data + 2 * pairs;
  page->unsigned_result = (__typeof__(TFAPPROX_FUNCTION(0, 0)))-1 > 0;
  for (int64_t pair = 0; pair < pairs; ++pair, ++page->calls) {
    products[pair] = tfapprox_product(page->data + pair, pairs);
  }
  // All pairs are computed again from the last to the first, because a C function that reads a variable before it sets
  // it may depend on earlier calls, which a circuit does not.
  for (int64_t pair = pairs - 1; pair >= 0; --pair, ++page->calls) {
    const int64_t again = tfapprox_product(page->data + pair, pairs);
    if (again == products[pair]) continue;
    page->changed_product = again;
    page->changed_pair = 1 + pair;
  }
  return 0;
}
