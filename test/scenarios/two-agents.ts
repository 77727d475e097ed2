/** Two supervisors that exchange what they know over loopback, each with a VRRP process that listens; no configuration yet. */
import { randomInt } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AgentFixture } from '../agent/agent-fixture.ts';
import { webTopology } from '../agent/config.ts';
import { KEY, keyText } from '../agent/exchange/directors.ts';

export interface TwoAgents {
  readonly lb1: AgentFixture;
  readonly lb2: AgentFixture;
  /** One service of two realservers, both of them lb1's. */
  readonly topology: string;
}

/** The port is fixed, and another run of these tests may be on this machine. */
export const HOST = randomInt(1, 250);

/** @param network of 127.0.0.0/8, another for each test file: they may run at the same time */
export async function startTwoAgents(network: number): Promise<TwoAgents> {
  const [lb1, lb2] = [new AgentFixture(), new AgentFixture()];
  const servers = [await lb1.realserver(1), await lb1.realserver(2)];
  const topology = webTopology({ ports: servers.map(({ port }) => port) })
    .replace('eth1: 10.77.1.11', `eth1: 127.${network}.${HOST}.11`)
    .replace('eth1: 10.77.1.12', `eth1: 127.${network}.${HOST}.12`);
  for (const agent of [lb1, lb2]) {
    writeFileSync(join(agent.folder, 'exchange.key'), keyText(KEY), { mode: 0o600 });
    await agent.startVrrp();
    await agent.start();
  }
  return { lb1, lb2, topology };
}
