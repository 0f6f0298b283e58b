"""TerminologyCapabilities: what the terminology service knows and does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from terminology.service.generated import library

if TYPE_CHECKING:
    from terminology.records import Resource

PARAMETERS = ("url", "valueSet", "valueSetVersion", "filter", "offset", "count", "activeOnly",
              "excludeNested", "includeDesignations", "includeDefinition", "displayLanguage",
              "system-version", "useSupplement", "tx-resource")  # fmt: skip


def statement(base_url: str, instant: str, fhir_version: str = "R4") -> Resource:
    """Return the TerminologyCapabilities of the service at `base_url`; R5 tells the content."""
    known = library()
    return {
        "resourceType": "TerminologyCapabilities",
        "id": "riskbridge-terminology",
        "url": f"{base_url}/metadata?mode=terminology",
        "name": "RiskbridgeTerminology",
        "title": "Riskbridge terminology service",
        "status": "active",
        "date": instant,
        "kind": "instance",
        "software": {"name": "riskbridge"},
        "implementation": {"description": "Riskbridge", "url": base_url},
        "lockedDate": False,
        "codeSystem": [
            {
                "uri": one.url,
                **({"content": one.content} if fhir_version == "R5" else {}),
                **({"version": [{"code": one.version, "isDefault": True}]} if one.version else {}),
                "subsumption": not (one.partial or one.grammar),
            }
            for versions in known.code_systems.values()
            for one in versions
        ],
        "expansion": {
            "hierarchical": True,
            "paging": True,
            "incomplete": False,
            "parameter": [{"name": name} for name in PARAMETERS],
            "textFilter": "Every word must stand in the code or in the display, whatever its case.",
        },
        "codeSearch": "in-compose-or-expansion" if fhir_version == "R5" else "all",
        "validateCode": {"translations": True},
        "translation": {"needsMap": False},
        "closure": {"translation": False},
    }
