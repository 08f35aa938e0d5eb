"""The software bill of materials, in CycloneDX's JSON, made by CycloneDX's own library.

It lists what lies in the bundle, which is neither the environment it was built in nor what a
lock file says: some packages go in as a few modules, and some come from the build machine.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from bundle_contents import model_licence
from components import Component, own
from cyclonedx.factory.license import LicenseFactory
from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, XsUri
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component as Entry
from cyclonedx.model.component import ComponentType
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL

FILE = "magic-viewer.cdx.json"
_VERSION = SchemaVersion.V1_6


class InvalidBillError(Exception):
    """The bill doesn't follow CycloneDX's schema."""


def write_bill(components: Sequence[Component], models: Sequence[Path], file: Path) -> None:
    """Writes and checks the bill.

    Raises:
        InvalidBillError: it doesn't follow the schema.
    """
    bom = Bom()
    root = _entry(own(), ComponentType.APPLICATION)
    bom.metadata.component = root
    entries = [_entry(component) for component in components] + [_model(path) for path in models]
    for entry in entries:
        bom.components.add(entry)
    bom.register_dependency(root, entries)
    text = make_outputter(bom, OutputFormat.JSON, _VERSION).output_as_string(indent=1)
    if error := JsonStrictValidator(_VERSION).validate_str(text):
        raise InvalidBillError(str(error))
    file.write_text(text, encoding="utf-8")


def _entry(component: Component, kind: ComponentType = ComponentType.LIBRARY) -> Entry:
    namespace = "debian" if component.kind == "deb" else None
    url = PackageURL(component.kind, namespace, component.name, component.version)
    homepage = component.homepage.strip()
    references = [ExternalReference(type=ExternalReferenceType.WEBSITE, url=XsUri(homepage))]
    return Entry(
        name=component.name,
        version=component.version,
        type=kind,
        purl=url,
        bom_ref=str(url),
        licenses=[LicenseFactory().make_from_string(component.licence)],
        external_references=references if homepage else [],
    )


def _model(folder: Path) -> Entry:
    digest = hashlib.sha256((folder / "weights.safetensors").read_bytes()).hexdigest()
    return Entry(
        name=folder.name,
        type=ComponentType.MACHINE_LEARNING_MODEL,
        bom_ref=f"model:{folder.name}",
        licenses=[LicenseFactory().make_with_name(model_licence(folder))],
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=digest)],
    )
