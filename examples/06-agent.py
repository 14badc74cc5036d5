"""A complete agent in another language. It knows the bus contract and the official NATS client, and nothing else of Genesis.

    pip install nats-py
    NATS_URL=nats://127.0.0.1:4222 python examples/06-agent.py

Its card stands in a catalogue with `external: true`, so its consumers exist. It makes nothing on the broker itself.
"""
import asyncio, hashlib, json, os, re, secrets
from datetime import datetime, timezone
import nats
from nats.js.errors import NotFoundError

AGENT, LOG, FACTS = "word_counter", "GENESIS", "genesis.v1"
TRIES = 10  # what is not stored by then is delivered again
MESSAGES = {  # fixed per code: an error never repeats the caller's data
    "E_SCHEMA": "The payload does not have the fields that its schema asks for.",
    "E_VERSION": "The envelope's version is newer than this service understands.",
    "E_INPUT": "The step's input is not what its agent asks for.",
    "E_AGENT": "The agent could not do the step.",
}
at_work: dict[str, asyncio.Future] = {}  # by run, and done when that is over

class Refused(Exception):
    """A code of the contract, the place, and the rule that was broken there."""

async def count_words(data):
    """The work itself. It may run twice for one step; `data["effectKey"]` is the same both times."""
    text = data["input"].get("text")
    if not isinstance(text, str):
        raise Refused("E_INPUT", "input.text", "must be string")
    await asyncio.sleep(float(os.environ.get("WORK_SECONDS", "0")))
    return {"words": len(text.split())}

def read(msg):
    """The data of the dispatched event, checked as far as this agent needs it."""
    try:
        event = json.loads(msg.data)
        version, data, _ = event["version"], event["data"], event["data"]["input"].items()
    except (ValueError, LookupError, TypeError, AttributeError):
        raise Refused("E_SCHEMA", "data.input", "must be object") from None
    if version != 1:
        raise Refused("E_VERSION", "version", "1")
    return data

async def standing(js, subject):
    """The fact on a subject of the log, read by direct get, or None."""
    try:
        return await js.get_last_msg(LOG, subject, direct=True)
    except NotFoundError:
        return None

async def append(js, subject, caused_by, event):
    """Appends a fact. Whatever stands on its subject holds: our own from an earlier try, or somebody else's."""
    cause, correlation = caused_by["Nats-Msg-Id"], caused_by["correlation-id"]
    fact_id = hashlib.sha256(f"{subject}|{cause}".encode()).hexdigest()[:32]
    trace = re.fullmatch("00-([0-9a-f]{32})-[0-9a-f]{16}-([0-9a-f]{2})", caused_by.get("traceparent", ""))
    trace_id, flags = trace.groups() if trace else (secrets.token_hex(16), "00")
    headers = {"Nats-Msg-Id": fact_id, "Nats-Expected-Last-Subject-Sequence": "0", "content-type": "application/json",
               "traceparent": f"00-{trace_id}-{secrets.token_hex(8)}-{flags}",  # the same trace, a span of our own
               "correlation-id": correlation, "causation-id": cause}
    body = {"id": fact_id, "version": 1, "causationId": cause, "correlationId": correlation, "time": now(), **event}
    for _ in range(TRIES):
        try:
            if not (await js.publish(subject, json.dumps(body).encode(), timeout=5, headers=headers)).duplicate:
                return
        except nats.errors.Error:
            pass  # refused, or not answered: the log says what became of it
        if await standing(js, subject):
            return
        await asyncio.sleep(0.5)
    raise RuntimeError("the broker does not store the fact")

async def answer_to(js, msg):
    """Does the step. Gives the fact to append and its subject; None when nobody waits for an answer any more."""
    run, step, attempt = msg.subject.split(".")[4:7]
    completed, failed = f"{FACTS}.step.completed.{run}.{step}", f"{FACTS}.step.failed.{run}.{step}.{attempt}"
    for subject in (f"{FACTS}.run.finished.{run}.once", completed, failed):
        if await standing(js, subject):  # the run is over, or this is a redelivery of what was answered
            return None
    envelope, started = {"run": run, "step": step, "attempt": int(attempt)}, now()
    try:
        output = await count_words(read(msg))
    except Exception as problem:
        code, *place = problem.args if isinstance(problem, Refused) else ("E_AGENT",)
        error = {"code": code, "message": MESSAGES[code], "retryable": code == "E_AGENT",
                 "details": [dict(zip(("path", "rule"), place))] if place else []}
        return failed, {**envelope, "type": "step.failed", "data": {"agent": AGENT, "error": error}}
    data = {"agent": AGENT, "attempt": int(attempt), "output": output, "startedAt": started, "finishedAt": now()}
    return completed, {**envelope, "type": "step.completed", "data": data}

async def handle(js, msg, ack_wait):
    run = msg.subject.split(".")[4]
    over = at_work[run] = asyncio.get_running_loop().create_future()
    work = asyncio.create_task(answer_to(js, msg))
    while not (await asyncio.wait({work, over}, timeout=ack_wait / 3, return_when=asyncio.FIRST_COMPLETED))[0]:
        await msg.in_progress()
    del at_work[run]
    if over.done():
        work.cancel()
    elif answer := work.result():
        await append(js, answer[0], msg.headers, answer[1])
    await msg.ack()  # only now: the answer is on disk

async def serve(js, lane):
    """Takes one step at a time from one lane; whatever is not acknowledged in the end is delivered again."""
    consumer = await js.pull_subscribe_bind(f"agent-{AGENT}-{lane}", LOG)
    ack_wait = (await consumer.consumer_info()).config.ack_wait
    while True:
        try:
            await handle(js, (await consumer.fetch(1, timeout=5))[0], ack_wait)
        except nats.errors.TimeoutError:
            pass  # nothing to do
        except (nats.errors.Error, RuntimeError) as error:
            await tell(error)
            await asyncio.sleep(1)

async def main():
    url = os.environ.get("NATS_URL", "nats://127.0.0.1:4222")
    nc = await nats.connect(url, name=AGENT, max_reconnect_attempts=-1, error_cb=tell)
    js = nc.jetstream()
    async def stop_work(msg):
        over = at_work.get(msg.subject.split(".")[4])
        for pause in (0, 0.1, 1) if over else ():  # heard before the broker has stored it: the log has the last word
            await asyncio.sleep(pause)
            if not over.done() and await standing(js, msg.subject):
                over.set_result(None)
    await nc.subscribe(f"{FACTS}.run.finished.*.once", cb=stop_work)
    print(f"{AGENT} listens", flush=True)
    await asyncio.gather(*(serve(js, lane) for lane in ("high", "normal", "low")))

async def tell(error):
    print(f"{AGENT}: {error}", flush=True)

def now():
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")

if __name__ == "__main__":
    asyncio.run(main())
