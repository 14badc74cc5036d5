import { watchStreams } from "../../shared/bus/broker-gauges.ts";
import { openDoors } from "../../shared/bus/door.ts";
import { service } from "../../shared/service.ts";
import { roomOf } from "./room.ts";
import { submit } from "./submit.ts";

/** The gateway: both ways in. A payload is checked and becomes the first event of a run, or is refused with the reason. */
await service("gateway", {
  start: async (context) => {
    watchStreams(context.bus);
    const hasRoom = roomOf(context.bus.log);
    return openDoors(context, (arrival) => submit(context.bus, arrival, hasRoom));
  },
});
