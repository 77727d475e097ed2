/** An agent's state as far as drains go. */
import type { AgentState, DestinationState, ServiceState } from '../../src/status/state.ts';
import { agentState } from '../facts/agent-state.ts';

export type Table = Readonly<Record<string, Readonly<Record<string, Partial<DestinationState>>>>>;

/** @param table - services, and their realservers, each of weight 1 and idle but for what is said */
export function drainState(director: string, table: Table, change: Partial<AgentState> = {}): AgentState {
  const services = Object.entries(table).map(([name, realservers]): ServiceState => {
    const listener = { protocol: 'tcp' as const, address: '10.77.1.100', port: 80, mark: null };
    const destinations = Object.entries(realservers).map(([one, more]): DestinationState => {
      const idle = { connections: 0, inPackets: 0, outPackets: 0, inBytes: 0, outBytes: 0 };
      const counts = { weight: 1, active: 0, inactive: 0, persistent: 0, ...idle };
      return { name: one, address: '10.77.1.21', port: 80, forward: 'dr', ...counts, ...more };
    });
    return { name, ...listener, scheduler: 'wrr', flags: [], persistenceMs: 0, destinations };
  });
  return agentState({ director, ipvs: { ...agentState().ipvs, services }, ...change });
}
