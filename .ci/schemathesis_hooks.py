"""What schemathesis cannot know of Baton: a check of its own, and requests it would otherwise not make."""

import re
import uuid

import schemathesis

# What JSON Schema can say, and the OpenAPI document therefore has to: src/api/shape and the extractors refuse by
# these codes, and a request that fits the document gives them no reason to.
SAID_BY_SCHEMAS = {
    "required",
    "unknown_field",
    "unknown_parameter",
    "wrong_type",
    "not_allowed",
    "out_of_range",
    "too_short",
    "too_long",
    "too_few",
    "too_many",
    "invalid_format",
}


# Where fields of leads are named: which there are is the workspace's own matter, and the language of conditions is one
# tree in which each part depends on the others.
SAID_BY_THE_WORKSPACE = ("/fields/", "/columns/", "/sort/", "/q", "?sort", "?fields", "?q")
CONDITION = re.compile(r"((/select|/stages/\d+/entry)?/condition|(/documents/\d+)?/document/(when|(rules|clocks|inference)/\d+/(when|activity/where)|verdicts/\d+/when/lead))(/|$)")


@schemathesis.check
def refused_for_its_meaning(ctx, response, case):
    """A request that fits its schema is refused for what no schema can say, or not at all."""
    if response.status_code != 422 or case.meta is None or not case.meta.generation.mode.is_positive:
        return
    # Of each text of each query one would have to say that no NUL may be in it.
    with_nul = {f"?{name}" for name, value in (case.query or {}).items() if "\0" in str(value)}
    for error in response.json().get("errors", []):
        if CONDITION.match(error["pointer"]) or error["pointer"].startswith(SAID_BY_THE_WORKSPACE):
            continue
        if error["code"] in SAID_BY_SCHEMAS and error["pointer"] not in with_nul:
            raise AssertionError(f"The document allows what is refused: {error}")


@schemathesis.hook
def before_call(context, case, kwargs):
    """What would keep requests from the code they are about."""
    # Nobody waits for events here: a long poll is asked to be short. A wrong `wait` stays as it is.
    wait = str((case.query or {}).get("wait", ""))
    if wait.isdecimal() and 1 < int(wait) <= 60:
        case.query["wait"] = 1
    # A key that was sent before would get the first answer again, about something that may be gone since.
    key = (case.headers or {}).get("Idempotency-Key")
    if key and len(key) <= 255 and key.isascii() and key.isprintable():
        case.headers["Idempotency-Key"] = uuid.uuid4().hex
