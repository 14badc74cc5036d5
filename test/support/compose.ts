import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { toolPath } from "../../local/stack-tools.ts";
import { childEnvironment, PROJECT_ROOT } from "../../shared/config.ts";

/** A container of the effective configuration, as far as the tests look at it. */
export type Container = {
  image: string;
  build?: { context: string; dockerfile: string; target: string };
  command: string[] | null;
  user?: string;
  container_name?: string;
  privileged?: boolean;
  network_mode?: string;
  networks: Record<string, unknown>;
  read_only?: boolean;
  cap_drop?: string[];
  cap_add?: string[];
  security_opt?: string[];
  pids_limit?: number;
  /** Bytes, as text. */
  mem_limit?: string;
  restart: string;
  logging?: { driver: string; options: Record<string, string> };
  ports?: { host_ip?: string; target: number; published: string }[];
  tmpfs?: string[];
  volumes?: { type: string; source: string; target: string; read_only?: boolean }[];
  environment?: Record<string, string | null>;
  depends_on?: Record<string, { condition: string }>;
  healthcheck?: {
    test?: string[];
    disable?: boolean;
    interval?: string;
    timeout?: string;
    retries?: number;
    start_interval?: string;
  };
  stop_grace_period?: string;
  secrets?: { source: string }[];
};

export type Compose = {
  name: string;
  services: Record<string, Container>;
  networks: Record<string, unknown>;
};

/** The effective configuration of compose files, as Docker's own reader sees it. @param variables of the person's environment */
export async function composeConfig(
  files: readonly string[],
  variables: Record<string, string> = {},
): Promise<Compose> {
  const args = [...files.flatMap((file) => ["--file", file]), "config", "--format", "json"];
  const env = childEnvironment(variables);
  const { stdout } = await promisify(execFile)(toolPath("docker-compose", env), args, {
    cwd: PROJECT_ROOT,
    env,
  });
  return JSON.parse(stdout) as Compose;
}
