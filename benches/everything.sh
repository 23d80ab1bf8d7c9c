#!/bin/bash
# benches/everything.sh KEY [URL]: gives a running Baton a workspace with everything on, for measuring captures: fifty reps in a
# pool, twenty routing rules of which the last holds, thirty scoring rules, a policy of all four clocks. KEY is its admin key. It
# takes two minutes: only so many invitations may be accepted in one, and curl waits as it is told.
set -euo pipefail
shopt -s inherit_errexit
KEY=$1
URL=${2:-http://127.0.0.1:8080}

call() {
    curl -sf --retry 10 "$URL$1" -H "Authorization: Bearer $KEY" -H 'Content-Type: application/json' -d "$2"
}

activate() {
    local id
    id=$(call /v1/rules "$1" | jq -r .id)
    call "/v1/rules/$id/activate" '{}' | jq -c '{kind, key, state}'
}

members=$(for number in $(seq 50); do
    invited=$(call /v1/users "{\"email\": \"rep$number@acme.example\", \"name\": \"Rep $number\", \"role\": \"rep\"}")
    accepted=$(jq -c '{token: .link_token, password: "correct horse battery"}' <<<"$invited")
    call /v1/auth/accept-invitation "$accepted" >/dev/null
    jq -c '{user_id: .user.id}' <<<"$invited"
done | jq -cs .)

activate "{\"kind\": \"pool\", \"key\": \"fifty\", \"document\": {\"name\": \"Fifty\", \"members\": $members}}"
activate "$(jq -nc '{kind: "routing_policy", document: {fallback: [{pool: "fifty"}], rules: [range(20) | {key: "rule_\(.)", name: "Rule",
    to: [{pool: "fifty"}], when: {all: [{field: "country", op: "in", value: ["US", "CA"]},
        if . < 19 then {field: "city", op: "eq", value: "Nowhere \(.)"} else {field: "source", op: "eq", value: "web"} end]}}]}}')"
activate "$(jq -nc '["Austin", "Boston", "Denver", "Miami", "Chicago", "Seattle"] as $cities | {kind: "scoring_model", key: "default",
    document: {name: "Thirty", fit_grades: {a: 40, b: 25, c: 10}, engagement_grades: {"1": 40, "2": 20, "3": 5}, rules: (
        [range(20) | {key: "fit_\(.)", name: "Fit", ledger: "fit", points: 3, when: {field: "city", op: "in", value: [$cities[. % 6], "Nowhere"]}}]
        + [range(10) | {key: "did_\(.)", name: "Did", ledger: "engagement", points: 5,
            activity: {types: [if . < 3 then "submission" else "type_\(.)" end]}}])}}')"
activate "$(jq -nc '{kind: "sla_policy", document: {clocks: [("accept", "first_response", "next_touch", "qualify") | {key: ., kind: ., name: .,
    within_minutes: 240, escalations: [{at_percent: 80, actions: [{do: "notify", to: "owner"}]}, {at_percent: 100, actions: [{do: "event"}]}]}]}}')"
