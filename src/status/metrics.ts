/** `GET /v1/metrics`: an agent's state as Prometheus wants it. Pure. */
import { expositionText, type Family, type Sample } from './exposition.ts';
import type { AgentState, CheckState, DestinationState, InstanceState, PolicyState, ServiceState } from './state.ts';
import { VRRP_STATES } from './vrrp-state.ts';

export function metricsText(state: AgentState): string {
  const instances = state.vrrp.instances.map((one) => ({ item: one, labels: { instance: one.name } }));
  const destinations = state.ipvs.services.flatMap((service) =>
    service.destinations.map((one) => ({ item: one, labels: labelsOf(service, one) })),
  );
  const policies = (state.policies ?? []).map((one) => ({ item: one, labels: { service: one.name } }));
  return expositionText([
    ...tabled(AGENT, [{ item: state, labels: {} }]),
    ...agentFamilies(state),
    ...instanceFamilies(state.vrrp.instances),
    ...tabled(INSTANCE, instances),
    ...checkFamilies(state.checks),
    ...tabled(DESTINATION, destinations),
    ...tabled(POLICY, policies),
  ]);
}

type Row<T> = readonly [type: Family['type'], name: string, help: string, read: (item: T) => number];

// biome-ignore format: a table
const AGENT: readonly Row<AgentState>[] = [
  ['gauge', 'lvs_agent_start_time_seconds', 'When the agent was started, Unix time.', ({ startedAt }) => startedAt / 1000],
  ['gauge', 'lvs_config_generation', 'Generation of the configuration in force.', ({ config }) => config.generation],
  ['gauge', 'lvs_config_refused', 'The last configuration that was sent was refused.', ({ config }) => Number(config.error !== null)],
  ['gauge', 'lvs_alarms', 'How much the agent complains of.', ({ alarms }) => alarms.length],
  ['gauge', 'lvs_vrrp_process_up', 'The VRRP process answers.', ({ vrrp }) => Number(vrrp.alive)],
  ['gauge', 'lvs_vrrp_lateness_last_seconds', 'How late the last timer of the VRRP process was.', ({ vrrp }) => vrrp.latenessMs.last / 1000],
  ['gauge', 'lvs_vrrp_lateness_worst_seconds', 'How late one was at worst since it started.', ({ vrrp }) => vrrp.latenessMs.worst / 1000],
  ['gauge', 'lvs_ipvs_in_sync', 'The kernel has what is desired.', ({ ipvs }) => Number(ipvs.inSync)],
];

// biome-ignore format: a table
const INSTANCE: readonly Row<InstanceState>[] = [
  ['gauge', 'lvs_vrrp_state_since_seconds', 'When the instance came into its state, Unix time.', ({ since }) => since / 1000],
  ['gauge', 'lvs_vrrp_priority', 'Priority as it is sent.', ({ priority }) => priority],
  ['gauge', 'lvs_vrrp_base_priority', 'Priority as configured.', ({ basePriority }) => basePriority],
  ['counter', 'lvs_vrrp_transitions_total', 'Changes of state.', ({ transitions }) => transitions],
  ['gauge', 'lvs_vrrp_foreign_owners', 'Neighbours that were found to have its addresses.', ({ owners = [] }) => owners.length],
  ['gauge', 'lvs_vrrp_strangers', 'Who speaks for its VRID and is no director, or says something else.', ({ strangers = [] }) => strangers.length],
  ['counter', 'lvs_vrrp_adverts_sent_total', 'Advertisements sent.', ({ advertsSent }) => advertsSent],
  ['counter', 'lvs_vrrp_adverts_received_total', 'Advertisements that were believed.', ({ advertsReceived }) => advertsReceived],
];

// biome-ignore format: a table
const DESTINATION: readonly Row<DestinationState>[] = [
  ['gauge', 'lvs_ipvs_weight', 'Weight in the kernel.', ({ weight }) => weight],
  ['gauge', 'lvs_ipvs_active_connections', 'Established connections.', ({ active }) => active],
  ['gauge', 'lvs_ipvs_inactive_connections', 'Other connections that the kernel remembers.', ({ inactive }) => inactive],
  ['gauge', 'lvs_ipvs_persistent_connections', 'Persistence templates.', ({ persistent }) => persistent],
  ['counter', 'lvs_ipvs_connections_total', 'Connections scheduled.', ({ connections }) => connections],
  ['counter', 'lvs_ipvs_in_packets_total', 'Packets from clients.', ({ inPackets }) => inPackets],
  ['counter', 'lvs_ipvs_out_packets_total', 'Packets to clients, where they pass here.', ({ outPackets }) => outPackets],
  ['counter', 'lvs_ipvs_in_bytes_total', 'Bytes from clients.', ({ inBytes }) => inBytes],
  ['counter', 'lvs_ipvs_out_bytes_total', 'Bytes to clients, where they pass here.', ({ outBytes }) => outBytes],
];

// biome-ignore format: a table
const POLICY: readonly Row<PolicyState>[] = [
  ['gauge', 'lvs_service_quorum', 'Enough of the service lives; also before the first verdicts.', ({ quorum }) => Number(quorum.state !== 'down')],
  ['gauge', 'lvs_service_living_weight', 'Sum of the weights of living realservers.', ({ quorum }) => quorum.alive],
  ['gauge', 'lvs_service_needed_weight', 'Sum of weights that the service needs.', ({ quorum }) => quorum.needed],
  ['gauge', 'lvs_service_fail_open', 'Realservers that fail their checks and go on serving.', ({ failOpen }) => failOpen?.realservers.length ?? 0],
  ['gauge', 'lvs_service_rising', 'Realservers whose weight still rises.', ({ rising }) => rising.length],
  ['gauge', 'lvs_service_sorry_serves', 'The sorry server has the place of the realservers.', ({ sorry }) => Number(sorry === 'serves')],
];

function tabled<T>(rows: readonly Row<T>[], items: readonly { item: T; labels: Sample['labels'] }[]): Family[] {
  return rows.map(([type, name, help, read]) => {
    const samples = items.map(({ item, labels }) => ({ labels, value: read(item) }));
    return { type, name, help, samples };
  });
}

function gauge(name: string, help: string, samples: readonly Sample[]): Family {
  return { type: 'gauge', name, help, samples };
}

/** One series a state, 1 for the one that holds: what holds now is then a matter of one query. */
function states<State extends string>(
  all: readonly State[],
  now: State,
  key: string,
  labels: Sample['labels'],
): Sample[] {
  return all.map((one) => ({ labels: { ...labels, [key]: one }, value: Number(one === now) }));
}

function agentFamilies({ cluster, director, release, version, overrides }: AgentState): Family[] {
  const weights = overrides.map(({ realserver, service, weight }) => ({
    labels: { realserver, service: service ?? '' },
    value: weight,
  }));
  return [
    gauge('lvs_agent_info', 'The agent that answers; always 1.', [
      { labels: { cluster, director, release, version }, value: 1 },
    ]),
    gauge('lvs_override_weight', 'Weight that an operator has set, 0 for a drain; without a service: of all.', weights),
  ];
}

function instanceFamilies(instances: readonly InstanceState[]): Family[] {
  const dropped = instances.flatMap(({ name, dropped: byReason }) =>
    Object.entries(byReason).map(([reason, value]) => ({ labels: { instance: name, reason }, value })),
  );
  const trackers = instances.flatMap(({ name, trackers: all }) =>
    all.map(({ kind, name: tracker, isDown }) => ({
      labels: { instance: name, kind, tracker },
      value: Number(isDown),
    })),
  );
  return [
    gauge(
      'lvs_vrrp_state',
      'The state of the instance.',
      instances.flatMap(({ name, state }) => states(VRRP_STATES, state, 'state', { instance: name })),
    ),
    {
      type: 'counter',
      name: 'lvs_vrrp_packets_dropped_total',
      help: 'Packets that were not believed.',
      samples: dropped,
    },
    ...hmacFamilies(instances),
    gauge('lvs_vrrp_tracker_down', 'What the instance tracks counts as down.', trackers),
  ];
}

function hmacFamilies(instances: readonly InstanceState[]): Family[] {
  const signed = instances.flatMap(({ name, hmac }) => (hmac ? [{ name, ...hmac }] : []));
  return [
    gauge(
      'lvs_vrrp_hmac_key',
      'Number of the key that advertisements are signed with, 0 for none.',
      signed.map(({ name, mode, signsWith }) => ({ labels: { instance: name, mode }, value: signsWith ?? 0 })),
    ),
    gauge(
      'lvs_vrrp_hmac_agreed',
      'All directors have the configuration that says how to sign.',
      signed.map(({ name, agreed }) => ({ labels: { instance: name }, value: Number(agreed) })),
    ),
  ];
}

const VERDICTS = ['up', 'down', 'unknown'] as const;

function checkFamilies(checks: readonly CheckState[]): Family[] {
  const realservers = Map.groupBy(checks, ({ service, realserver }) => `${service}\n${realserver}`);
  const verdicts = [...realservers.values()].flatMap((all) => {
    const { service = '', realserver = '' } = all[0] ?? {};
    return states(VERDICTS, overall(all), 'verdict', { service, realserver });
  });
  const flapping = checks.flatMap(({ service, realserver, check, flapping: flaps }) =>
    flaps === undefined ? [] : [{ labels: { service, realserver, check }, value: flaps.falls }],
  );
  const latencies = checks.flatMap(({ service, realserver, check, latencyMs }) =>
    latencyMs === null ? [] : [{ labels: { service, realserver, check }, value: latencyMs / 1000 }],
  );
  return [
    gauge('lvs_realserver_verdict', 'Over all checks of a realserver for a service.', verdicts),
    gauge('lvs_check_falls', 'How often a check that flaps has failed in short order.', flapping),
    gauge('lvs_check_latency_seconds', 'Duration of the last check that passed.', latencies),
  ];
}

/** As src/health has it: one down is down, else one unknown is unknown. */
function overall(checks: readonly CheckState[]): CheckState['verdict'] {
  const has = (verdict: CheckState['verdict']): boolean => checks.some((check) => check.verdict === verdict);
  if (has('down')) return 'down';
  return has('unknown') ? 'unknown' : 'up';
}

function labelsOf(service: ServiceState, { name, address, port }: DestinationState): Sample['labels'] {
  return {
    service: service.name ?? '',
    protocol: service.protocol,
    listener: service.mark === null ? endpoint(service.address, service.port) : String(service.mark),
    realserver: name ?? '',
    destination: endpoint(address, port),
  };
}

function endpoint(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
