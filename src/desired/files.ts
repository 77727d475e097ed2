/** The managed files of a host, complete. */
import { agentUnitBody, vrrpUnitBody } from './agent-units.ts';
import { directorScriptBody } from './director-script.ts';
import { type Digest, type ManagedFile, managedFile, PATHS } from './managed.ts';
import { modulesFileBody } from './modules-file.ts';
import { hasWork, realserverScriptBody } from './realserver-script.ts';
import { realserverUnitBody } from './realserver-unit.ts';
import { type Originals, sysctlFileBody } from './sysctl-file.ts';
import { GRE_DEVICE, IPV6_DEVICE } from './tunnels.ts';
import type { Wanted } from './wanted.ts';

/** What runs on the host that would take our addresses, routes and rules for leftovers. */
export interface NetworkManagers {
  readonly networkd: boolean;
  readonly networkManager: boolean;
}

export function managedFiles(
  wanted: Wanted,
  originals: Originals,
  managers: NetworkManagers,
  digest: Digest,
): ManagedFile[] {
  const file = (path: string, mode: number, body: string) => managedFile(path, mode, body, digest);
  const modules = modulesFileBody(wanted.modules);
  const bits = wanted.director?.connectionTableBits ?? null;
  const places = hasWork(wanted.placed);
  const ours = places || wanted.director !== null;
  return [
    ...(Object.keys(wanted.sysctls).length > 0
      ? [file(PATHS.sysctl, 0o644, sysctlFileBody(wanted.sysctls, originals, wanted.director?.virtualSysctls))]
      : []),
    ...(modules === '' ? [] : [file(PATHS.modules, 0o644, modules)]),
    ...(bits === null ? [] : [file(PATHS.moduleOptions, 0o644, `options ip_vs conn_tab_bits=${bits}\n`)]),
    ...(ours && managers.networkd ? [file(PATHS.networkd, 0o644, NETWORKD)] : []),
    ...(ours && managers.networkManager ? [file(PATHS.networkManager, 0o644, unmanaged(interfacesOf(wanted)))] : []),
    ...(places
      ? [
          file(PATHS.realserverScript, 0o755, realserverScriptBody(wanted.placed, wanted.sysctls)),
          file(PATHS.realserverUnit, 0o644, realserverUnitBody()),
        ]
      : []),
    ...(wanted.director
      ? [
          file(PATHS.directorScript, 0o755, directorScriptBody()),
          file(PATHS.agentUnit, 0o644, agentUnitBody()),
          file(PATHS.vrrpUnit, 0o644, vrrpUnitBody()),
        ]
      : []),
  ];
}

/** networkd otherwise deletes rules and routes that are not its own whenever it restarts (networkd.conf(5)). */
const NETWORKD = `[Network]
ManageForeignRoutingPolicyRules=no
ManageForeignRoutes=no
`;

/** tunl0 is ours alone, and so are other tunnels and what the agent makes. */
function interfacesOf({ placed, director }: Wanted): string[] {
  const tunnels = [...(placed.tunnel6 ? [IPV6_DEVICE] : []), ...(placed.gre ? [GRE_DEVICE] : [])];
  return ['tunl0', ...tunnels, ...(director?.virtualInterfaces ?? [])];
}

function unmanaged(interfaces: readonly string[]): string {
  return `[keyfile]
unmanaged-devices+=${interfaces.map((name) => `interface-name:${name}`).join(';')}
`;
}
