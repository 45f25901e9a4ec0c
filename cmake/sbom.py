"""Writes a CycloneDX bill of materials: `python cmake/sbom.py VERSION LOCK OUTPUT [NAME==VERSION...]`.

VERSION is that of tfapprox. LOCK is a file of requirements/, whose packages are the components. Each NAME==VERSION is a
library that is linked into the binaries. The bytes of OUTPUT depend on nothing else: there is no date and no random
serial number in it, so that equal sources give equal wheels.
"""

import json
import re
import sys
import uuid
from pathlib import Path

# A line such as `numpy==2.1.0 ; python_full_version < '3.11' \`.
ENTRY = re.compile(r"^([\w.-]+)==([\w.!+-]+)(?: *; *(.+?))? *\\?$", re.MULTILINE)


def package(name, version, marker):
    """The component of a package of PyPI; `marker` says in which environments it is installed, if not in all."""
    url = f"pkg:pypi/{re.sub('[-_.]+', '-', name).lower()}@{version}"
    component = {"type": "library", "bom-ref": url, "name": name, "version": version, "purl": url}
    if marker:
        component["properties"] = [{"name": "tfapprox:environment", "value": marker}]
    return component


def linked(name, version):
    """The component of a library that is linked into the binaries."""
    reference = f"linked:{name}@{version}"
    description = "statically linked into the compiled libraries"
    return {"type": "library", "bom-ref": reference, "name": name, "version": version, "description": description}


def bill(version, lock, built_in):
    """The bill of materials as a dictionary: tfapprox, whose components are all packages of the text of a lock file."""
    root = {
        "type": "library",
        "bom-ref": f"pkg:pypi/tfapprox@{version}",
        "name": "tfapprox",
        "version": version,
        "licenses": [{"license": {"id": "MIT"}}],
        "purl": f"pkg:pypi/tfapprox@{version}",
    }
    components = [package(*entry) for entry in ENTRY.findall(lock)]
    components += [linked(*library.split("==")) for library in built_in]
    references = [component["bom-ref"] for component in components]
    content = {
        "metadata": {"component": root},
        "components": components,
        "dependencies": [{"ref": root["bom-ref"], "dependsOn": references}],
    }
    serial = uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(content, sort_keys=True))
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": f"urn:uuid:{serial}",
        "version": 1,
        **content,
    }


def main(version, lock, output, *built_in):
    """Writes the file `output`."""
    text = json.dumps(bill(version, Path(lock).read_text(encoding="utf-8"), built_in), indent=1)
    Path(output).write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
