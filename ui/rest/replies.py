"""How a reply is written."""

import json
from typing import Any

from fastapi.responses import JSONResponse


class Json(JSONResponse):
    """JSON in ASCII, because a file's name may hold what UTF-8 cannot."""

    def render(self, content: Any) -> bytes:
        """Encode."""
        return json.dumps(content, separators=(",", ":")).encode("ascii")
