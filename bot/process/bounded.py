"""What is kept in memory between runs, bounded by what it takes and not by how much of it there is."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, MutableMapping
from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Bounded(MutableMapping[K, V]):
    """A mapping that forgets what was not used for longest, as soon as all of it is larger than `most` by `size`.

    Something that is larger than `most` by itself is not kept. May be used from several threads: what one of them
    finds may be gone in the next moment, and is then made again.
    """

    def __init__(self, most: int, size: Callable[[V], int]) -> None:
        self.most = most
        self.held = 0
        self._size = size
        self._items: OrderedDict[K, tuple[V, int]] = OrderedDict()
        self._lock = threading.Lock()

    def __getitem__(self, key: K) -> V:
        with self._lock:
            self._items.move_to_end(key)
            return self._items[key][0]

    def __setitem__(self, key: K, value: V) -> None:
        size = self._size(value)
        with self._lock:
            self._drop(key)
            if size > self.most:
                return
            self._items[key] = value, size
            self.held += size
            while self.held > self.most:
                self._drop(next(iter(self._items)))

    def __delitem__(self, key: K) -> None:
        with self._lock:
            if key not in self._items:
                raise KeyError(key)
            self._drop(key)

    def _drop(self, key: K) -> None:
        _, size = self._items.pop(key, (None, 0))
        self.held -= size

    def __iter__(self) -> Iterator[K]:
        with self._lock:
            return iter(list(self._items))

    def __len__(self) -> int:
        return len(self._items)
