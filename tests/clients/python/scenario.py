"""What an integrator does with a client generated from openapi/baton.json: see .ci/clients."""

import os
import uuid

from baton import AuthenticatedClient
from baton.api.capture import capture_lead
from baton.api.changes import list_changes
from baton.api.leads import create_lead, get_lead, list_leads, update_lead
from baton.models import (
    CaptureBody,
    ChangesPage,
    EventType,
    Lead,
    LeadsPage,
    LeadWrite,
    NewLead,
    NewLeadCustom,
    Problem,
)

BATON = AuthenticatedClient(base_url=os.environ["BATON_URL"], token=os.environ["BATON_KEY"])
COMPANY = "Typed Snakes Ltd"


def create_and_change() -> Lead:
    custom = NewLeadCustom()
    custom["plan"] = "pro"
    body = NewLead(email="ada@snake.example", first_name="Ada", company=COMPANY, tags=["demo"], custom=custom)
    created = create_lead.sync_detailed(client=BATON, body=body, idempotency_key=str(uuid.uuid4()))
    assert isinstance(created.parsed, Lead), created
    lead, etag = created.parsed, created.headers["ETag"]

    changed = update_lead.sync(lead.id, client=BATON, body=LeadWrite(title="CTO"), if_match=etag)
    assert isinstance(changed, Lead) and changed.title == "CTO", changed
    late = update_lead.sync_detailed(lead.id, client=BATON, body=LeadWrite(title="CEO"), if_match=etag)
    assert late.status_code == 412, late
    assert isinstance(late.parsed, Problem) and late.parsed.code == "precondition_failed"

    read = get_lead.sync(lead.id, client=BATON)
    assert isinstance(read, Lead), read
    assert (read.title, read.tags, read.custom.to_dict()) == ("CTO", ["demo"], {"plan": "pro"})
    return read


def pages() -> list[uuid.UUID]:
    """The ids of the company's leads, a page of two at a time."""
    page = list_leads.sync(client=BATON, company=COMPANY, limit=2, sort="email")
    assert isinstance(page, LeadsPage), page
    ids = [lead.id for lead in page.data]
    while page.next_cursor is not None:
        page = list_leads.sync(client=BATON, limit=2, cursor=page.next_cursor)
        assert isinstance(page, LeadsPage) and 0 < len(page.data) <= 2, page
        ids += [lead.id for lead in page.data]
    return ids


def read_feed(lead: Lead) -> None:
    feed = list_changes.sync(client=BATON, after=0, types="lead.created,lead.updated", wait=5)
    assert isinstance(feed, ChangesPage), feed
    seen = [event for event in feed.data if event.lead_id == lead.id]
    assert seen[0].type_ is EventType.LEAD_CREATED
    assert feed.next_after >= seen[-1].position
    assert {change.path: change.new for change in seen[0].changes}["email"] == "ada@snake.example"


def main() -> None:
    lead = create_and_change()
    for name in ("b", "c", "d", "e"):
        captured = capture_lead.sync_detailed(
            client=BATON, body=CaptureBody(email=f"{name}@snake.example", company=COMPANY)
        )
        assert captured.status_code == 201, captured
    ids = pages()
    assert ids[0] == lead.id and len(set(ids)) == 5, ids
    read_feed(lead)
    wrong = create_lead.sync(client=BATON, body=NewLead(email="nobody"))
    assert isinstance(wrong, Problem) and wrong.errors and wrong.errors[0].pointer == "/email", wrong
    print("the Python client works")


main()
