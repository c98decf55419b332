"""Coder's error answers: one exception, and the texts that many endpoints share (coder-api.md section 1)."""

from __future__ import annotations

from collections.abc import Mapping

SIGNED_OUT = "You are signed out or your session has expired. Please sign in again to continue."


class Refusal(Exception):
    """An error answer: status, message, technical detail, and field -> detail of the validations."""

    def __init__(
        self, status: int, message: str, detail: str = "", validations: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(f"{status} {message}")
        self.status = status
        self.message = message
        self.detail = detail
        self.validations = dict(validations or {})

    def body(self) -> dict[str, object]:
        """As it is sent: `detail` and `validations` only when there are any."""
        body: dict[str, object] = {"message": self.message}
        if self.detail:
            body["detail"] = self.detail
        if self.validations:
            body["validations"] = [{"field": field, "detail": detail} for field, detail in self.validations.items()]
        return body


def not_found() -> Refusal:
    """Unknown, or not for the caller to see: the same on purpose."""
    return Refusal(404, "Resource not found or you do not have access to this resource")


def route_not_found() -> Refusal:
    """No such route in this release."""
    return Refusal(404, "Route not found.")


def signed_out(detail: str) -> Refusal:
    """No token, or one that is not good."""
    return Refusal(401, SIGNED_OUT, detail)


def build_active() -> Refusal:
    """A build of the workspace is waiting or running."""
    return Refusal(409, "A workspace build is already active.")


def forbidden() -> Refusal:
    """The caller may see it, but not do this."""
    return Refusal(
        403,
        "Forbidden.",
        "You don't have permission to view this content. If you believe this is a mistake, please contact your "
        "administrator or try signing in with different credentials.",
    )
