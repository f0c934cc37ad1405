"""A foreign client: knows Holdpoint's topics and the schema registry, and nothing of its code.

Writes a person's logins and then an action of the same session from another continent to
`session.events`, waits for the decision on `session.stepup.required`, and checks what a subscriber
relies on: the Confluent wire format, the registered schema, the key and the CloudEvents headers.
Prints what it saw; exits with code 1 when anything is not as promised.

Reads HOLDPOINT_KAFKA_BROKERS and HOLDPOINT_REGISTRY_URL.
"""

import io
import json
import os
import struct
import sys
import time
import urllib.request
import uuid
from datetime import datetime, timedelta, timezone

import fastavro
from confluent_kafka import Consumer, Producer

BROKERS = os.environ["HOLDPOINT_KAFKA_BROKERS"]
REGISTRY = os.environ["HOLDPOINT_REGISTRY_URL"]
EVENTS = "session.events"
STEP_UPS = "session.stepup.required"
WAIT_SECONDS = 60

LONDON = {
    "client": {"ip": "81.2.69.142", "ipTrust": "socket", "deviceId": "laptop-1", "appId": "web",
               "userAgent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"},
    "network": {"kind": "residential", "asn": 20712},
    "location": {"latitude": 51.51, "longitude": -0.13, "radiusKm": 20, "city": "London", "country": "GB"},
}
SAO_PAULO = {
    "client": {**LONDON["client"], "ip": "177.32.0.10"},
    "network": {"kind": "residential", "asn": 28573},
    "location": {"latitude": -23.55, "longitude": -46.63, "radiusKm": 20, "city": "São Paulo", "country": "BR"},
}


def registry(path):
    with urllib.request.urlopen(f"{REGISTRY}/{path}", timeout=10) as answer:
        return json.load(answer)


def story(subject, session):
    """Two ordinary logins, a third, and 20 minutes after it an action from where nobody can be yet."""
    now = datetime.now(timezone.utc)

    def event(kind, minutes_ago, session_id, place, **more):
        return {
            "id": str(uuid.uuid4()), "type": kind, "source": "interop/python", "tenant": "default",
            "specversion": "1.0", "occurredAt": now - timedelta(minutes=minutes_ago),
            "subject": {"id": subject, "kind": "human"}, "sessionId": session_id, **place, **more,
        }

    password = {"assurance": {"acr": "aal1", "amr": ["pwd"]}, "outcome": "success"}
    return [
        event("login", 600, f"{session}-morning", LONDON, **password),
        event("login", 300, f"{session}-noon", LONDON, **password),
        event("login", 21, session, LONDON, **password),
        event("action", 1, session, SAO_PAULO, outcome="success",
              action={"name": "profile.view", "access": "read"}),
    ]


def produce(events):
    registered = registry(f"subjects/{EVENTS}-value/versions/latest")
    schema = fastavro.parse_schema(json.loads(registered["schema"]))
    faults = []
    producer = Producer({"bootstrap.servers": BROKERS, "acks": "all", "enable.idempotence": True})
    for event in events:
        value = io.BytesIO()
        value.write(struct.pack(">bI", 0, registered["id"]))
        fastavro.schemaless_writer(value, schema, event)
        producer.produce(EVENTS, key=event["subject"]["id"], value=value.getvalue(),
                         on_delivery=lambda error, _: faults.append(error) if error else None)
    if producer.flush(30) or faults:
        sys.exit(f"{EVENTS}: not all events were written: {faults}")
    print(f"wrote {len(events)} events with schema {registered['id']} to {EVENTS}")


def await_step_up(session):
    """The first step-up of this session, with the message that brought it."""
    consumer = Consumer({"bootstrap.servers": BROKERS, "group.id": f"interop-{session}",
                         "auto.offset.reset": "earliest", "enable.auto.commit": False})
    consumer.subscribe([STEP_UPS])
    end = time.monotonic() + WAIT_SECONDS
    try:
        while time.monotonic() < end:
            message = consumer.poll(1.0)
            if message is None:
                continue
            if message.error():
                sys.exit(f"{STEP_UPS}: {message.error()}")
            decision = decode(message.value())
            if decision["sessionId"] == session:
                return message, decision
    finally:
        consumer.close()
    sys.exit(f"{STEP_UPS}: no decision about session {session} within {WAIT_SECONDS} s")


def decode(value):
    magic, schema_id = struct.unpack(">bI", value[:5])
    if magic != 0:
        sys.exit(f"{STEP_UPS}: a value that does not begin with the magic byte")
    schema = fastavro.parse_schema(json.loads(registry(f"schemas/ids/{schema_id}")["schema"]))
    return fastavro.schemaless_reader(io.BytesIO(value[5:]), schema)


def parse_time(text):
    """An ISO 8601 time. Python before 3.11 does not know the Z."""
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def check(message, decision, subject):
    headers = {name: value.decode() for name, value in message.headers() or []}
    reasons = {reason["reason"]: reason for reason in decision["reasons"]}
    evidence = reasons.get("IMPOSSIBLE_TRAVEL", {}).get("evidence", {})
    promises = {
        "the key is tenant|subject": (message.key().decode(), f"default|{subject}"),
        "ce_specversion": (headers.get("ce_specversion"), "1.0"),
        "ce_id is the decision's id": (headers.get("ce_id"), decision["decisionId"]),
        "ce_type": (headers.get("ce_type"), "io.holdpoint.session.stepup.required.v1"),
        "ce_source": (headers.get("ce_source"), "/holdpoint/default"),
        "ce_time is when it was decided": (
            parse_time(headers.get("ce_time", "1970-01-01T00:00:00Z")), decision["decidedAt"]),
        "content-type": (headers.get("content-type"), "application/avro"),
        "the type": (decision["type"], STEP_UPS),
        "the session's status": (decision["session"]["status"], "step_up_required"),
        "the risk level": (decision["risk"]["level"], "HIGH"),
        "a new session id is asked for": (decision["stepUp"]["rotate"], True),
        "where the session was": (evidence.get("previousPlace"), "London, GB"),
        "where it is": (evidence.get("place"), "São Paulo, BR"),
    }
    broken = [f"{what}: {seen!r} instead of {wanted!r}"
              for what, (seen, wanted) in promises.items() if seen != wanted]
    print(json.dumps({"key": message.key().decode(), "headers": headers, "decision": decision},
                     default=str, ensure_ascii=False, indent=2))
    if broken:
        sys.exit("not as promised:\n  " + "\n  ".join(broken))
    print(f"all {len(promises)} promises kept")


def main():
    session = f"interop-{uuid.uuid4()}"
    subject = f"python-{session[-8:]}"
    produce(story(subject, session))
    check(*await_step_up(session), subject)


main()
