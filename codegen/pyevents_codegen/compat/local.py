"""Owns writing every reference of a document as a pointer into it, so that identifiers need not be followed."""

from dataclasses import replace
from urllib.parse import quote, urldefrag, urljoin

from pyevents_codegen.compat.document import Document
from pyevents_codegen.compat.verdict import Json
from pyevents_codegen.references import mapped

__all__ = ["with_local_references"]

_NAMING = ("$id", "id", "$anchor", "$dynamicAnchor", "$recursiveAnchor")


class _Unclear(Exception):
    """A reference may lead to different places in different readings."""


def with_local_references(document: Document) -> Document | None:
    """Return *document* with `#/…` for every reference and without identifiers; None where that is not certain.

    A `$dynamicRef` is a plain one where its anchor stands once, a `$recursiveRef` where the document is one resource.
    """
    named = _Names(document)
    try:
        return replace(document, value=mapped(document.value, named.rewritten), ids={})
    except _Unclear:
        return None


class _Names:
    def __init__(self, document: Document) -> None:
        self.draft = document.draft
        self.base_of: dict[str, str] = {}
        self.places: dict[str, str] = {"": "#"}
        self.twice: set[str] = set()
        self.resources = 0
        mapped(document.value, self.noted)

    def noted(self, schema: dict[str, Json], pointer: str) -> Json:
        base = self._around(pointer)
        own = schema.get("id" if self.draft == 4 else "$id")
        if isinstance(own, str) and not (self.draft <= 7 and "$ref" in schema):
            if own.startswith("#"):
                self._name(base + own, pointer)
            else:
                base = urljoin(base, own).rstrip("#")
                self._name(base, pointer)
                self.resources += pointer != "#"
        self.base_of[pointer] = base
        for keyword in ("$anchor", "$dynamicAnchor") if self.draft > 7 else ():
            if isinstance(schema.get(keyword), str):
                self._name(f"{base}#{schema[keyword]}", pointer)
        return schema

    def rewritten(self, schema: dict[str, Json], pointer: str) -> Json:
        base = self.base_of[pointer]
        out = {keyword: value for keyword, value in schema.items() if keyword not in _NAMING}
        references = [key for key in ("$ref", "$dynamicRef", "$recursiveRef") if isinstance(schema.get(key), str)]
        if len(references) > 1 or (self.resources and references and references[0] != "$ref"):
            raise _Unclear
        for keyword in references:
            del out[keyword]
            out["$ref"] = self._target(base, schema[keyword])
        return out

    def _target(self, base: str, reference: str) -> str:
        address, fragment = urldefrag(urljoin(base, reference) if base else reference)
        address = address if address in self.places or reference[:1] != "#" else base
        if fragment and not fragment.startswith("/"):
            address, fragment = f"{address}#{fragment}", ""
        if address not in self.places or address in self.twice:
            raise _Unclear
        return self.places[address] + quote(fragment, safe="/~%$!&'()*+,;=:@")

    def _name(self, address: str, pointer: str) -> None:
        if address in self.places:
            self.twice.add(address)
        self.places[address] = "#" + quote(pointer[1:], safe="/~$!&'()*+,;=:@")

    def _around(self, pointer: str) -> str:
        while pointer:
            pointer = pointer.rpartition("/")[0]
            if pointer in self.base_of:
                return self.base_of[pointer]
        return ""
