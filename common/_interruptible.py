"""Threads in the compiled core that Ctrl-C ends."""

import ctypes
import functools
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable, Sequence, Set


class Interruptible:
    """A call of the core in threads, which it can be interrupted in; a context manager.

    The core runs in threads of a pool, so that Ctrl-C reaches the caller's thread during a call. Each thread holds this
    object while it is in the core, and with it all memory of the call, however the caller's thread is interrupted.

    Args:
        threads: number of threads.
    """

    def __init__(self, threads: int) -> None:
        self._cancelled = ctypes.c_int32()
        self._busy: Set[int] = set()
        self._threads = threads
        self._pool = ThreadPoolExecutor(threads)

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: object) -> None:
        self._cancel()
        self._pool.shutdown()

    def _run_steps(self, steps: Sequence[Callable[[int], None]]) -> None:
        """Calls each step with the number of each thread, one step after the other."""
        self._cancelled.value = 0
        try:
            # One thread carries out all steps at once; several wait for each other in between.
            for group in [steps] if self._threads == 1 else [[step] for step in steps]:
                list(self._pool.map(functools.partial(self._in_thread, group), range(self._threads)))
        except BaseException:
            self._cancel()
            raise

    def _cancel(self):
        """Ends a run, and returns when no thread is in the core, also if Ctrl-C arrives again in the meantime."""
        self._cancelled.value = 1
        while True:
            try:
                while self._busy:  # Thread.join is no alternative: once interrupted, it takes a thread for ended
                    time.sleep(0.001)
                return
            except KeyboardInterrupt:  # the first one is raised as soon as the threads have left the core
                continue

    def _in_thread(self, steps, thread):
        """Carries out steps in a thread of the pool."""
        # A thread announces itself before it looks at the flag; `_cancel` sets the flag before it looks for threads.
        self._busy.add(thread)
        try:
            for step in steps if not self._cancelled.value else ():
                step(thread)
        finally:
            self._busy.discard(thread)

    def _share(self, parts, thread):
        return parts * thread // self._threads, parts * (thread + 1) // self._threads
