/** `vrrp` and `sync_groups`. */
import type { Address } from '../../wire/address.ts';
import { type Entry, entry, map, values } from '../draft.ts';
import { atText, type Notes } from './note.ts';
import { agreed, type Director, freeName, preferred, type Router } from './pair.ts';
import { literal, type Part, type Tree } from './reading.ts';

export function vrrpSection(routers: readonly Router[], secrets: 'reference' | 'text', notes: Notes): Tree {
  return map(...routers.map((router) => routerEntry(router, routers, secrets, notes)));
}

function routerEntry(router: Router, routers: readonly Router[], secrets: 'reference' | 'text', notes: Notes): Entry {
  const { name, sides } = router;
  const top = preferred(router) ?? sides[0];
  const ordered = [...sides].sort((a, b) => (a === top ? -1 : b === top ? 1 : 0));
  const shared = agreed(
    ordered.map(({ instance }) => instance.shared.filter(({ key }) => key !== 'preempt_delay')),
    `vrrp_instance ${name}`,
    notes,
  );
  // Of whoever would pre-empt.
  const delay = top?.instance.shared.find(({ key }) => key === 'preempt_delay');
  const [vrid, ...rest] = delay === undefined ? shared : [...shared, delay];
  const at = top?.instance.at ?? null;
  const priority = map(...ordered.map(({ director, instance }) => entry(director, instance.priority, instance.at)));
  const peers = foreignPeers(router);
  const parts = [
    ...(vrid === undefined ? [] : [vrid]),
    ...interfaceEntry(router, routers),
    ...rest,
    entry('priority', priority, at),
    ...(peers.length === 0 ? [] : [entry('peers', values(peers, at), at, PEERS)]),
    ...passEntry(router, secrets, notes),
  ];
  return entry(name, map(...parts), at);
}

const PEERS = 'DECIDE: speakers that are no director of this topology; with their keepalived.conf they could be.';

/** Only where it is not the first `dip` of each director, which is that of its first instance. */
function interfaceEntry({ sides }: Router, routers: readonly Router[]): Part[] {
  const [first] = sides;
  const on = first?.instance.interface;
  if (first === undefined || on == null) return [];
  const firstOn = (director: string) =>
    routers
      .flatMap((router) => router.sides.filter((side) => side.director === director))
      .find(({ instance }) => instance.interface !== null)?.instance.interface;
  const isFirst = sides.every(({ director, instance }) => firstOn(director) === instance.interface);
  return isFirst ? [] : [entry('interface', on, first.instance.at)];
}

function foreignPeers({ sides }: Router): Address[] {
  const own = new Set(sides.flatMap(({ instance }) => instance.source ?? []));
  // The address of a director whose file does not say its own is among the peers of the other.
  const unsaid = sides.filter(({ instance }) => instance.source === null).length;
  const peers = [...new Set(sides.flatMap(({ instance }) => instance.peers))].filter((peer) => !own.has(peer));
  return sides[0]?.instance.transport === 'unicast' ? peers.slice(Math.min(unsaid, sides.length > 1 ? unsaid : 0)) : [];
}

/** Passwords stay where they are: the topology says where to find them. */
function passEntry({ name, sides }: Router, secrets: 'reference' | 'text', notes: Notes): Part[] {
  const found = sides.flatMap(({ instance }) => instance.pass ?? []);
  const [first] = found;
  if (first === undefined) return [];
  const other = found.find(({ text }) => text !== first.text);
  if (other !== undefined || found.length < sides.length)
    notes.say(
      'decide',
      (other ?? first).at,
      'authentication',
      'not the same on all directors, which then do not believe each other',
    );
  const variable = `VRRP_PASS_${name.replaceAll(/[^A-Za-z0-9]/g, '_').toUpperCase()}`;
  const pass = secrets === 'text' ? literal(first.text) : `\${env:${variable}}`;
  if (secrets === 'reference')
    notes.say(
      'decide',
      first.at,
      'auth_pass',
      `set ${variable} to it, or write another \${env:…}, \${file:…} or \${cmd:…}`,
    );
  const comment =
    secrets === 'text' ? null : `The auth_pass of ${atText(first.at)}, of which keepalived sends 8 bytes.`;
  return [entry('authentication', map(entry('pass', pass, first.at)), first.at, comment)];
}

/** Groups of the same routers are one, whatever they are called. */
export function syncGroups(directors: readonly Director[], routers: readonly Router[], notes: Notes): Part[] {
  const found = new Map<
    string,
    { readonly name: string; readonly members: readonly string[]; readonly part: Part }[]
  >();
  for (const { name: director, keepalived } of directors) {
    for (const group of keepalived.groups) {
      const members = group.members.flatMap((member) => {
        const router = routers.find(({ sides }) =>
          sides.some((side) => side.director === director && side.instance.name === member),
        );
        if (router === undefined && group.part.at !== null)
          notes.say(
            'lost',
            group.part.at,
            `${member} of vrrp_sync_group ${group.name}`,
            'there is no such vrrp_instance',
          );
        return router?.name ?? [];
      });
      const key = [...members].sort().join();
      found.set(key, [...(found.get(key) ?? []), { ...group, members }]);
    }
  }
  const taken = new Set<string>();
  const groups = [...found.values()].flatMap(([group]) => {
    if (group === undefined || group.members.length === 0 || group.part.draft.kind !== 'map') return [];
    const notify = group.part.draft.entries.filter(({ key }) => key !== 'members');
    const members = entry('members', values(group.members, group.part.at), group.part.at);
    const draft = notify.length === 0 ? members.draft : map(members, ...notify);
    return [entry(freeName(group.name, 'group', taken), draft, group.part.at)];
  });
  return groups.length === 0 ? [] : [entry('sync_groups', map(...groups))];
}
