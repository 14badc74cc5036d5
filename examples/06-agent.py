"""A complete agent in another language. It knows the bus contract and the official NATS client, and nothing else of Genesis.

    pip install nats-py
    NATS_URL=nats://127.0.0.1:4222 python examples/06-agent.py

Its card stands in a catalogue with `external: true`, so its consumers exist. It makes nothing on the broker itself.
"""
import asyncio, json, os
import nats
from bus_contract import FACTS, LOG, MESSAGES, Refused, append, now, results_of, standing

AGENT = "word_counter"

async def count_words(step_input, results):
    """The work itself: the words of a text, or of what the steps before gave. It may run twice for one step."""
    texts = [step_input["text"]] if "text" in step_input else results.values()
    if not all(isinstance(text, str) for text in texts):
        raise Refused("E_INPUT", "input.text", "must be string")
    await asyncio.sleep(float(os.environ.get("WORK_SECONDS", "0")))
    return {"words": sum(len(text.split()) for text in texts)}

def read(msg):
    """The data of a dispatch, checked as far as this agent needs it; None when it cannot be read."""
    try:
        _ = msg.headers["Nats-Msg-Id"], msg.headers["correlation-id"], int(msg.subject.split(".")[6])
        event = json.loads(msg.data)
        version, data = event["version"], event["data"]
        is_whole = isinstance(data["input"], dict) and isinstance(data["results"], dict)
    except (ValueError, RecursionError, LookupError, TypeError):
        return None
    return data if version == 1 and is_whole else None

async def answer_to(js, msg, data):
    """Does the step. Gives the subject and the fact to append; None when nobody waits for an answer any more."""
    run, step, attempt = msg.subject.split(".")[4:7]
    completed, failed = f"{FACTS}.step.completed.{run}.{step}", f"{FACTS}.step.failed.{run}.{step}.{attempt}"
    for end in (f"{FACTS}.run.finished.{run}.once", f"{FACTS}.step.skipped.{run}.{step}", completed, failed):
        if await standing(js, end):  # the run is over, or this is a redelivery of what was answered
            return None
    about, started = {"run": run, "step": step, "attempt": int(attempt)}, now()
    try:
        output = await count_words(data["input"], await results_of(js, run, data))
    except nats.errors.Error:
        raise  # the broker is away: the step comes again
    except Exception as problem:
        code, *place = problem.args if isinstance(problem, Refused) else ("E_AGENT",)
        error = {"code": code, "message": MESSAGES[code], "retryable": code == "E_AGENT",
                 "details": [dict(zip(("path", "rule"), place))] if place else []}
        return failed, {**about, "type": "step.failed", "data": {"agent": AGENT, "error": error}}
    done = {"agent": AGENT, "attempt": int(attempt), "output": output, "startedAt": started, "finishedAt": now()}
    return completed, {**about, "type": "step.completed", "data": done}

async def handle(js, msg, ack_wait):
    if (data := read(msg)) is None:
        return await msg.term()  # execution is handed it too, and writes its dead letter
    run = msg.subject.split(".")[4]
    work = asyncio.create_task(answer_to(js, msg, data))
    try:
        while not (await asyncio.wait({work}, timeout=ack_wait / 3))[0]:
            await msg.in_progress()
            if await standing(js, f"{FACTS}.run.finished.{run}.once"):
                return await msg.ack()  # nobody waits for it any more
        if answer := work.result():
            subject, event = answer
            await append(js, subject, msg, event)
        await msg.ack()  # only now: the answer is on disk
    finally:
        work.cancel()

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
    js = (await nats.connect(url, name=AGENT, max_reconnect_attempts=-1, error_cb=tell)).jetstream()
    print(f"{AGENT} listens", flush=True)
    await asyncio.gather(*(serve(js, lane) for lane in ("high", "normal", "low")))

async def tell(error):
    print(f"{AGENT}: {error}", flush=True)

if __name__ == "__main__":
    asyncio.run(main())
