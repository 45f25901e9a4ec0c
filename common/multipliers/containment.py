"""Runs code that nobody has read, with limits and without files, network and further processes.

This file is started as a program, by the interpreter without its site packages, and becomes the command. It imports
nothing of the package. On Linux it uses two mechanisms that need no privilege: Landlock for files (kernel 5.13) and
seccomp for network, processes and changes of modes and owners. Capabilities are dropped, so that root has no more
rights than another user. A mechanism that the kernel does not have is left out; `probe` finds out what is contained.
"""

import contextlib
import ctypes
import json
import os
import resource
import struct
import sys

_LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = 444, 445, 446  # system calls, equal on all architectures
_EXECUTE, _WRITE, _READ, _READ_FOLDER, _TRUNCATE = 1, 2, 4, 8, 1 << 14
_RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}  # from ABI to rights on files
_PR_CAPBSET_DROP, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 24, 22, 38
_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06  # instructions of the filter language BPF
_ALLOW, _REFUSE, _X32 = 0x7FFF0000, 0x00050001, 0x40000000  # the second one returns the error EPERM
# From the architecture to its number and the numbers of the system calls that are refused: sockets, new processes,
# sessions and groups, other processes and their priorities, namespaces, keys, io_uring, shared memory, watches of
# files, modes, owners, times, attributes.
_SYSTEM_CALLS = {
    "x86_64": (
        0xC000003E,
        "41 53 56 57 58 435 112 109 101 310 311 434 424 200 129 297 272 308 165 248 249 250 298 321 323 425 29 68 64 "
        "240 90 91 268 452 92 93 94 260 132 235 280 261 188 189 190 197 198 199 463 466 469 76 141 251 203 144 142 314 "
        "256 279 440 448 253 294 300",
    ),
    "aarch64": (
        0xC00000B7,
        "198 199 220 435 157 154 117 270 271 434 424 130 138 240 97 268 40 217 218 219 241 280 282 425 194 186 190 "
        "180 53 52 452 54 55 88 5 6 7 14 15 16 463 466 469 45 140 30 122 119 118 274 238 239 440 448 26 262",
    ),
}
_OWN_CALLS = {"x86_64": (62, 234, 302), "aarch64": (129, 131, 261)}  # kill, tgkill, prlimit64: for the process itself
_FCNTL, _SIGNAL_COMMANDS = {"x86_64": 72, "aarch64": 25}, (8, 10, 15)  # F_SETOWN, F_SETSIG, F_SETOWN_EX: send signals
_FIRST_ARGUMENT, _SECOND_ARGUMENT = 16, 24  # where the filter finds them, the low 32 bits


def _limit_files(libc, readable, writable):
    """Restricts a process to the files below some paths; returns whether the kernel has Landlock."""
    abi = libc.syscall(_LANDLOCK_CREATE, None, ctypes.c_size_t(0), 1)
    if abi < 1:
        return False
    rights = _RIGHTS[max(version for version in _RIGHTS if version <= abi)]
    network, scopes = (3 if abi >= 4 else 0), (3 if abi >= 6 else 0)
    attributes = struct.pack("=QQQ", rights, network, scopes)[: 24 if abi >= 6 else 16 if abi >= 4 else 8]
    rules = libc.syscall(_LANDLOCK_CREATE, attributes, ctypes.c_size_t(len(attributes)), 0)
    for paths, access in ((readable, _EXECUTE | _READ | _READ_FOLDER), (writable, _READ | _WRITE | _TRUNCATE)):
        for path in paths:
            try:
                place = os.open(path, os.O_PATH | os.O_CLOEXEC)
            except OSError:
                continue
            allowed = access & rights & (~0 if os.path.isdir(path) else ~_READ_FOLDER)
            libc.syscall(_LANDLOCK_ADD, rules, 1, struct.pack("=Qi", allowed, place), 0)
            os.close(place)
    return libc.syscall(_LANDLOCK_RESTRICT, rules, 0) == 0


def _if_argument(number, argument, values, verdict, otherwise):
    """The instructions that end a system call with `verdict` if an argument of it is one of the values."""
    last = len(values)
    tests = [(_EQUAL, last - i, 0, value) for i, value in enumerate(values)]
    ends = [(_RETURN, 0, 0, otherwise), (_RETURN, 0, 0, verdict)]
    return [(_EQUAL, 0, 1 + last + len(ends), number), (_LOAD, 0, 0, argument), *tests, *ends]


def _refuse_system_calls(libc):
    """Refuses network, processes and the rest of `_SYSTEM_CALLS`; returns whether the kernel and this file can."""
    machine = os.uname().machine
    if machine not in _SYSTEM_CALLS:
        return False
    architecture, numbers = _SYSTEM_CALLS[machine]
    # Each instruction is an operation, the jumps if true and if false, and a value.
    program = [(_LOAD, 0, 0, 4), (_EQUAL, 1, 0, architecture), (_RETURN, 0, 0, _REFUSE), (_LOAD, 0, 0, 0)]
    program += [(_AT_LEAST, 0, 1, _X32), (_RETURN, 0, 0, _REFUSE)]
    for number in map(int, numbers.split()):
        program += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _REFUSE)]
    for number in _OWN_CALLS[machine]:
        own = (os.getpid(), 0) if number == _OWN_CALLS[machine][-1] else (os.getpid(),)  # prlimit64 takes 0 for itself
        program += _if_argument(number, _FIRST_ARGUMENT, own, _ALLOW, _REFUSE)
    program += _if_argument(_FCNTL[machine], _SECOND_ARGUMENT, _SIGNAL_COMMANDS, _REFUSE, _ALLOW)
    program.append((_RETURN, 0, 0, _ALLOW))
    content = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *step) for step in program))
    header = struct.pack("@HP", len(program), ctypes.addressof(content))
    return libc.prctl(_PR_SET_SECCOMP, 2, header, 0, 0) == 0


def contain(readable, writable):
    """Restricts this process and what it executes to some files, without network and further processes.

    Args:
        readable: paths of the files and folders that may be read and executed.
        writable: paths of the files that may be read and written.

    Returns:
        Whether files are contained, and whether network and processes are.
    """
    if not sys.platform.startswith("linux"):
        return False, False
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    for capability in range(64):
        libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return False, False
    return _limit_files(libc, readable, writable), _refuse_system_calls(libc)


def probe():
    """Contains this process and tries what is forbidden; prints as JSON what was refused."""
    import socket

    attempts = {
        "files": lambda: os.close(os.open("/", os.O_RDONLY)),
        "network": lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).close(),
        "processes": lambda: os.fork() or os._exit(0),
    }
    contain([], [])
    refused = {}
    for name, attempt in attempts.items():
        try:
            attempt()
        except OSError:
            refused[name] = True
        else:
            refused[name] = False
    print(json.dumps(refused))


def main():
    """Becomes the command that a JSON object in the first argument describes, with its limits."""
    job = json.loads(sys.argv[1])
    for name, value in job["limits"].items():
        kind = getattr(resource, "RLIMIT_" + name, None)
        if kind is not None:
            hard = resource.getrlimit(kind)[1]
            value = value if hard == resource.RLIM_INFINITY else min(value, hard)
            # Processor time ends with SIGXCPU, which tells its cause; a second later, SIGKILL cannot be caught.
            hard = value + 1 if name == "CPU" and value != hard else value
            with contextlib.suppress(OSError, ValueError):  # a system without this limit
                resource.setrlimit(kind, (value, hard))
    contain(*job["contained"])
    os.execve(job["command"][0], job["command"], {})


if __name__ == "__main__":
    if sys.argv[1:] == ["probe"]:
        probe()
    else:
        main()
