// What an integrator does with a client generated from openapi/baton.json: see .ci/clients.

import assert from "node:assert/strict";
import createClient from "openapi-fetch";
import type { components, paths } from "./baton.js";

type Lead = components["schemas"]["Lead"];

const baton = createClient<paths>({
  baseUrl: process.env.BATON_URL ?? "",
  headers: { Authorization: `Bearer ${process.env.BATON_KEY}` },
});
const company = "Typed Engines Ltd";

/** The answer, or an end with the problem it is instead. */
function answer<T>(result: { data?: T; error?: unknown; response: Response }): T {
  assert.ok(result.data !== undefined, `${result.response.status} ${JSON.stringify(result.error)}`);
  return result.data;
}

async function createAndChange(): Promise<Lead> {
  const created = await baton.POST("/v1/leads", {
    params: { header: { "Idempotency-Key": crypto.randomUUID() } },
    body: { email: "ada@typed.example", first_name: "Ada", company, tags: ["demo"], custom: { plan: "pro" } },
  });
  const lead = answer(created);
  assert.ok("email" in lead, "it is not kept in quarantine");
  const etag = created.response.headers.get("ETag");
  assert.ok(etag !== null);

  const path = { id: lead.id };
  const change = { params: { path, header: { "If-Match": etag } }, body: { title: "CTO" } };
  assert.equal(answer(await baton.PATCH("/v1/leads/{id}", change)).title, "CTO");
  const late = await baton.PATCH("/v1/leads/{id}", { ...change, body: { title: "CEO" } });
  assert.equal(late.response.status, 412);
  assert.equal(late.error?.code, "precondition_failed");

  const read = answer(await baton.GET("/v1/leads/{id}", { params: { path } }));
  assert.deepEqual([read.title, read.tags, read.custom], ["CTO", ["demo"], { plan: "pro" }]);
  return read;
}

/** The ids of the company's leads, a page of two at a time. */
async function pages(): Promise<string[]> {
  const ids: string[] = [];
  let cursor: string | null | undefined;
  do {
    const query = { company, limit: 2, sort: "email", ...(cursor ? { cursor } : {}) };
    const page = answer(await baton.GET("/v1/leads", { params: { query } }));
    assert.ok(page.data.length > 0 && page.data.length <= 2);
    ids.push(...page.data.map((lead) => lead.id));
    cursor = page.next_cursor;
  } while (cursor);
  return ids;
}

const lead = await createAndChange();
for (const name of ["b", "c", "d", "e"]) {
  answer(await baton.POST("/v1/capture", { body: { email: `${name}@typed.example`, company } }));
}
const ids = await pages();
assert.equal(ids[0], lead.id);
assert.equal(new Set(ids).size, 5);

const query = { after: 0, types: "lead.created,lead.updated", wait: 5 };
const feed = answer(await baton.GET("/v1/changes", { params: { query } }));
const seen = feed.data.filter((event) => event.lead_id === lead.id);
assert.equal(seen[0]?.type, "lead.created");
assert.ok(feed.next_after >= (seen.at(-1)?.position ?? 1));

const wrong = await baton.POST("/v1/leads", { body: { email: "nobody" } });
assert.equal(wrong.error?.errors?.[0]?.pointer, "/email");
console.log("the TypeScript client works");
