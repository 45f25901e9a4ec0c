"""`python -m tfapprox.tf1 link DIR` puts the plugin where an old script loads it from."""

from tfapprox.common import library

from .library import LIBRARY, library_path

if __name__ == "__main__":
    library.main("python -m tfapprox.tf1", library_path, LIBRARY)
