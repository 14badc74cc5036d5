import { connect, type ConnectOptions } from "../shared/bus/connect.ts";
import { setup, type SetupResult } from "../shared/bus/setup.ts";
import type { Settings } from "../shared/config.ts";
import type { AgentCard } from "../shared/domain/agents.ts";

/** What is set up where: the broker and sizes of the settings, and consumers for every agent of the catalogues. */
export type BusPlan = {
  settings: Settings;
  agents: readonly AgentCard[];
  /** Told while the broker is away, which is waited for up to 60 s. */
  onWait?: NonNullable<ConnectOptions["onWait"]>;
};

/**
 * Creates or checks the streams and durable consumers on a broker. @throws SetupRefused when what stands there does not
 * fit, BrokerAway or BrokerUnfit when there is nothing to set up
 */
export async function setUpBus({ settings, agents, ...told }: BusPlan): Promise<SetupResult> {
  const bus = await connect({
    url: settings.natsUrl,
    prefix: settings.prefix,
    name: "genesis-setup",
    ...told,
  });
  try {
    return await setup(bus, { sizes: settings, agents });
  } finally {
    await bus.close();
  }
}
