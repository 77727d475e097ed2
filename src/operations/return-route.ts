import { RETURN_TABLE, type ReturnRoute } from '../desired/wanted.ts';
import type { HostFacts } from '../facts/host.ts';
import type { Command } from '../shell/command.ts';
import { type Address, type Family, familyOf } from '../wire/address.ts';
import { type Change, type Operation, outcome, run } from './operation.ts';

const TABLE = String(RETURN_TABLE);

interface RuleWords {
  readonly priority: number;
  readonly from: string;
  readonly to: string | null;
  readonly table: string;
}

/** NAT: packets from the RIP go through the director, by a rule and a table of our own; the host's routes stay as they are. */
export const addReturnRoute: Operation = {
  name: 'return route',
  decide({ placed: { returnRoute } }, facts) {
    if (returnRoute === null) return { nothing: 'no NAT service uses this host' };
    const rules = rulesOf(returnRoute).filter((rule) => !has(facts, rule));
    const family = familyOf(returnRoute.rip);
    const via = viaOf(facts, family);
    const routeDiffers = via !== returnRoute.via;
    const changes: Change[] = [
      ...(routeDiffers
        ? [
            {
              sign: via === null ? '+' : '~',
              what: `default via ${returnRoute.via} in table ${TABLE}`,
              why: via === null ? 'not there' : `is via ${via}`,
            } as const,
          ]
        : []),
      ...rules.map((rule): Change => ({ sign: '+', what: `rule ${wordsOf(rule)}`, why: 'not there' })),
    ];
    const commands: Command[] = [
      ...(routeDiffers ? [ip(family, 'route', 'replace', 'default', 'via', returnRoute.via, 'table', TABLE)] : []),
      ...rules.map((rule) => ip(family, 'rule', 'add', ...argumentsOf(rule))),
    ];
    return outcome(changes, commands, 'rule and route are there');
  },
};

/** Rules of ours that no wanted route explains; the table goes with the last of them. */
export const removeReturnRoute: Operation = {
  name: 'former return route',
  decide({ placed: { returnRoute } }, facts) {
    const { network, placed } = facts;
    if (placed.returnRoute === null) return { nothing: 'none was placed' };
    const wanted = returnRoute === null ? [] : rulesOf(returnRoute).map(wordsOf);
    const former = network.rules
      .filter(({ priority }) => priority === RETURN_TABLE || priority === RETURN_TABLE - 1)
      .filter((rule) => !wanted.includes(wordsOf(rule)));
    const emptied = ([4, 6] satisfies Family[]).filter(
      (family) => viaOf(facts, family) !== null && (returnRoute === null || familyOf(returnRoute.rip) !== family),
    );
    return outcome(
      [
        ...former.map((rule): Change => ({ sign: '-', what: `rule ${wordsOf(rule)}`, why: 'no longer wanted' })),
        ...emptied.map(
          (family): Change => ({
            sign: '-',
            what: `${family === 6 ? 'IPv6 ' : ''}table ${TABLE}`,
            why: 'no longer wanted',
          }),
        ),
      ],
      [
        ...former.map((rule) => ip(familyOf(rule.from as Address), 'rule', 'del', ...argumentsOf(rule))),
        ...emptied.map((family) => ip(family, 'route', 'flush', 'table', TABLE)),
      ],
      'no former rule is left',
    );
  },
};

function viaOf({ network }: HostFacts, family: Family): Address | null {
  return network.returnVias.find((via) => familyOf(via) === family) ?? null;
}

/** Rules and tables are a family's own; `ip` means IPv4 unless it is told. */
function ip(family: Family, ...words: readonly string[]): Command {
  return run('ip', ...(family === 6 ? ['-6'] : []), ...words);
}

/** Answers to the directors' own probes are not for the table: they go straight back to whoever asked. */
function rulesOf({ rip, direct }: ReturnRoute): RuleWords[] {
  return [
    ...direct.map((to) => ({ priority: RETURN_TABLE - 1, from: rip, to, table: 'main' })),
    { priority: RETURN_TABLE, from: rip, to: null, table: TABLE },
  ];
}

function has({ network }: HostFacts, rule: RuleWords): boolean {
  return network.rules.some((other) => wordsOf(other) === wordsOf(rule));
}

function wordsOf({ priority, from, to, table }: RuleWords): string {
  return `${priority}: from ${from}${to === null ? '' : ` to ${to}`} lookup ${table}`;
}

function argumentsOf({ priority, from, to, table }: RuleWords): string[] {
  return ['from', from, ...(to === null ? [] : ['to', to]), 'lookup', table, 'priority', String(priority)];
}
