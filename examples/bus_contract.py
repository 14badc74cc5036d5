"""What every agent says on the bus, in the words of the contract: facts and references. Take it as it is for an agent of your own."""
import asyncio, hashlib, json, re, secrets
from datetime import datetime, timezone
import nats
from nats.js.errors import NotFoundError

LOG, FACTS = "GENESIS", "genesis.v1"
MESSAGES = {  # fixed per code: an error never repeats the caller's data
    "E_SCHEMA": "The payload does not have the fields that its schema asks for.",
    "E_INPUT": "The step's input is not what its agent asks for.",
    "E_AGENT": "The agent could not do the step.",
}

class Refused(Exception):
    """A code of the contract, the place, and the rule that was broken there."""

async def standing(js, subject):
    """What stands on a subject of the log, read by direct get, or None."""
    try:
        return await js.get_last_msg(LOG, subject, direct=True)
    except NotFoundError:
        return None

async def results_of(js, run, data):
    """The outputs of the steps before: as they came along, or, where one was too large for that, from its own fact."""
    results = dict(data["results"])
    for step, result in results.items():
        subject = f"{FACTS}.step.completed.{run}.{step}"
        if not isinstance(result, dict) or result.get("$ref") != subject:
            continue  # whatever else looks like a reference is an output that happens to look so
        stored = await standing(js, subject)
        if stored is None or (len(stored.data), sha256(stored.data)) != (result.get("bytes"), result.get("sha256")):
            raise Refused("E_SCHEMA", "results", "the stored message that was meant")
        results[step] = json.loads(stored.data)["data"]["output"]
    return results

async def append(js, subject, asked, event):
    """Appends a fact that answers a message. Its id follows from its subject and its cause."""
    cause = asked.headers["Nats-Msg-Id"]
    fact_id = sha256(f"{subject}|{cause}".encode())[:32]
    body = {"id": fact_id, "version": 1, "causationId": cause, "correlationId": asked.headers["correlation-id"], "time": now(), **event}
    await store(js, subject, asked, body, {"Nats-Msg-Id": fact_id, "causation-id": cause})

async def store(js, subject, asked, body, headers):
    """Stores an answer in the trace of what asked for it. Whatever stands on its subject holds: our own, or somebody else's."""
    given = asked.headers
    trace = re.fullmatch("00-([0-9a-f]{32})-[0-9a-f]{16}-([0-9a-f]{2})", given.get("traceparent", ""))
    trace_id, flags = trace.groups() if trace else (secrets.token_hex(16), "00")
    headers |= {"traceparent": f"00-{trace_id}-{secrets.token_hex(8)}-{flags}",  # a span of our own
                "content-type": "application/json", "Nats-Expected-Last-Subject-Sequence": "0",
                "correlation-id": given["correlation-id"]}
    for _ in range(10):  # what is not stored by then is delivered again
        try:
            if not (await js.publish(subject, json.dumps(body).encode(), timeout=5, headers=headers)).duplicate:
                return
        except nats.errors.Error:
            pass  # refused, or not answered: the stream says what became of it
        if await standing(js, subject):
            return
        await asyncio.sleep(0.5)
    raise RuntimeError(f"the broker does not store {subject}")

def sha256(data):
    return hashlib.sha256(data).hexdigest()

def now():
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
