import { agentConfigFile } from '../desired/agent-config.ts';
import { AGENT, AGENT_UNIT, VRRP_UNIT } from '../desired/agent-units.ts';
import { PATHS } from '../desired/managed.ts';
import type { Wanted } from '../desired/wanted.ts';
import type { HostFacts } from '../facts/host.ts';
import type { Command } from '../shell/command.ts';
import { filesOf } from './files.ts';
import { type Change, type Context, type Operation, outcome, run } from './operation.ts';

/** Its step's output is an HTTP answer when the running agent was told. */
export const AGENT_STEP = 'agent';

/**
 * Gives the agent its configuration and has it run: a running one is told through its control socket (it keeps the last good
 * one and rolls back by itself); one that has to start, or start anew, finds it in its file.
 */
export const agent: Operation = {
  name: AGENT_STEP,
  decide(wanted, facts, context) {
    if (wanted.director === null || facts.agent === null) return { nothing: 'no director' };
    const start = startReason(wanted, facts, context);
    const config = configReason(facts, context);
    const enabled = facts.units[AGENT_UNIT]?.enabled ?? false;
    const changes: Change[] = [
      ...(config === null
        ? []
        : [{ sign: '~', what: `configuration, generation ${context.generation}`, why: config } as const]),
      ...(enabled ? [] : [{ sign: '+', what: `${AGENT_UNIT} enabled`, why: 'would not run at boot' } as const]),
      ...(start === null ? [] : [{ sign: '~', what: `${AGENT_UNIT} ${start.verb}ed`, why: start.why } as const]),
    ];
    const file = agentConfigFile(wanted.director.configText, context.configHash, context.generation);
    const commands: Command[] = [
      ...(start && config !== null ? [configFile(file)] : []),
      ...(enabled ? [] : [run('systemctl', 'enable', '--quiet', AGENT_UNIT)]),
      // Apart, and VRRP first: its adverts must not wait for the other process to load.
      ...(start?.verb === 'restart' ? [run('systemctl', 'restart', VRRP_UNIT)] : []),
      ...(start ? [run('systemctl', start.verb, AGENT_UNIT)] : []),
      ...(!start && config !== null ? [agentRequest('PUT', '/v1/config', file)] : []),
    ];
    return outcome(changes, commands, 'runs with this configuration');
  },
};

function configFile(content: string): Command {
  return { kind: 'write', path: AGENT.config, mode: 0o600, content: { secret: content } };
}

/**
 * A request to the agent over its control socket, as a command; its step prints the answer. HTTP/1.0, so that the answer ends
 * with the stream; a secret, because passwords may be in it.
 */
export function agentRequest(method: 'PUT' | 'POST', path: string, body: string): Command {
  const length = new TextEncoder().encode(body).length;
  const head = `${method} ${path} HTTP/1.0\r\nHost: agent\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n`;
  return { kind: 'run', argv: [`${AGENT.current}/stdio`, AGENT.controlSocket], stdin: { secret: `${head}${body}` } };
}

function configReason({ agent }: HostFacts, { configHash }: Context): string | null {
  if (!agent?.state) return `the agent does not answer: ${agent?.silence ?? 'unknown'}`;
  return agent.state.config.hash === configHash ? null : 'the topology has changed';
}

function startReason(
  wanted: Wanted,
  facts: HostFacts,
  context: Context,
): { verb: 'start' | 'restart'; why: string } | null {
  const unit = facts.units[AGENT_UNIT];
  const vrrp = facts.units[VRRP_UNIT];
  if (!unit?.active) return { verb: 'start', why: 'does not run' };
  const state = facts.agent?.state;
  if (!state) return { verb: 'restart', why: `runs, but ${facts.agent?.silence ?? 'does not answer'}` };
  if (state.release !== context.release) return { verb: 'restart', why: `runs release ${state.release.slice(0, 12)}` };
  const changed = filesOf(wanted, facts, context).some(
    ({ path, content }) =>
      (path === PATHS.agentUnit || path === PATHS.vrrpUnit) && facts.files[path]?.sha256 !== context.digest(content),
  );
  if (changed || unit.stale || vrrp?.stale) return { verb: 'restart', why: 'its unit has changed' };
  return vrrp?.active ? null : { verb: 'restart', why: `${VRRP_UNIT} does not run` };
}
