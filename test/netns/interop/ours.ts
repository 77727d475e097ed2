import type { Config } from '../../../src/config/config.ts';
import { address, configuration, instance, vip } from '../../vrrp/configuration.ts';
import { VrrpAgent } from '../vrrp/agent.ts';
import { until } from '../vrrp/until.ts';
import { type MakeSpeaker, ownAddress, type SpeakerConf, sourceOf } from './speaker.ts';

export const ours: MakeSpeaker = (lan, host, conf) => {
  const agent = new VrrpAgent(lan, host, configOf(host, conf));
  return {
    source: sourceOf(lan, host, conf),
    start: async () => {
      await agent.start().connect();
      await until(
        () => `${host} takes part; it says ${agent.lines.join('\n')}`,
        () => ['BACKUP', 'MASTER'].includes(agent.instance()?.state ?? ''),
      );
    },
    setPriority: (priority) => {
      const config = configOf(host, { ...conf, priority });
      agent.writeConfig(config);
      agent.send({ type: 'config', config });
    },
    stop: () => void agent.stopForGood(),
    crash: () => agent.signal('SIGKILL'),
    holds: (text) => lan.has(host, text),
  };
};

/** The foreign router is told as one. */
function configOf(host: string, conf: SpeakerConf): Config {
  const { version, family, transport, priority, preempt, intervalMs, vips, password, checksum, peer } = conf;
  const source = family === 6 && transport === 'multicast' ? null : address(ownAddress(host, family));
  return configuration(
    [
      instance({
        version,
        family,
        transport,
        preempt,
        advertIntervalMs: intervalMs,
        checksum: checksum ?? 'pseudo-header',
        vips: vips.map((text) => vip(text)),
        multicastGroup: address(family === 4 ? '224.0.0.18' : 'ff02::12'),
        authentication: password === null ? null : { pass: { source: 'literal', value: password } },
        speakers: [{ director: host, interface: 'eth1', source, priority }],
        foreignPeers: transport === 'unicast' ? [address(peer)] : [],
      }),
    ],
    { directors: [{ name: host, dips: [], vips: [], ssh: {}, sysctl: {} }] },
  );
}
