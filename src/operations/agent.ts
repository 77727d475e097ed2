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
 * one and rolls back by itself); one that has to start, or start anew, finds it in its file. The VRRP process is left alone
 * by a release that brings it nothing new.
 */
export const agent: Operation = {
  name: AGENT_STEP,
  decide(wanted, facts, context) {
    if (wanted.director === null || facts.agent === null) return { nothing: 'no director' };
    const start = startReason(wanted, facts, context);
    const vrrp = vrrpReason(wanted, facts, context);
    const config = configReason(facts, context);
    const enabled = facts.units[AGENT_UNIT]?.enabled ?? false;
    const changes: Change[] = [
      ...(config === null
        ? []
        : [{ sign: '~', what: `configuration, generation ${context.generation}`, why: config } as const]),
      ...(enabled ? [] : [{ sign: '+', what: `${AGENT_UNIT} enabled`, why: 'would not run at boot' } as const]),
      ...(vrrp === null ? [] : [{ sign: '~', what: `${VRRP_UNIT} ${vrrp.verb}ed`, why: vrrp.why } as const]),
      ...(start === null ? [] : [{ sign: '~', what: `${AGENT_UNIT} ${start.verb}ed`, why: start.why } as const]),
    ];
    const file = agentConfigFile(wanted.director.configText, context.configHash, context.generation);
    const commands: Command[] = [
      ...(start && config !== null ? [configFile(file)] : []),
      ...(enabled ? [] : [run('systemctl', 'enable', '--quiet', AGENT_UNIT)]),
      // Apart, and VRRP first: its adverts must not wait for the other process to load.
      ...(vrrp === null ? [] : [run('systemctl', vrrp.verb, VRRP_UNIT)]),
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

function configReason({ agent }: HostFacts, { configHash, generation }: Context): string | null {
  if (!agent?.state) return `the agent does not answer: ${agent?.silence ?? 'unknown'}`;
  if (agent.state.config.hash !== configHash) return 'the topology has changed';
  return agent.state.config.generation === generation ? null : 'the same under an older number';
}

function startReason(
  wanted: Wanted,
  facts: HostFacts,
  context: Context,
): { verb: 'start' | 'restart'; why: string } | null {
  const unit = facts.units[AGENT_UNIT];
  if (!unit?.active) return { verb: 'start', why: 'does not run' };
  const state = facts.agent?.state;
  if (!state) return { verb: 'restart', why: `runs, but ${facts.agent?.silence ?? 'does not answer'}` };
  if (state.release !== context.release) return { verb: 'restart', why: `runs release ${state.release.slice(0, 12)}` };
  return isUnitNew(PATHS.agentUnit, AGENT_UNIT, wanted, facts, context) ? { verb: 'restart', why: UNIT_CHANGED } : null;
}

/**
 * Why the VRRP process has to be another one; one that does not run is started along with the agent's unit. A new release is
 * loaded beside the old one, which goes on until it is ready.
 */
function vrrpReason(
  wanted: Wanted,
  facts: HostFacts,
  context: Context,
): { verb: 'restart' | 'reload'; why: string } | null {
  if (!facts.units[AGENT_UNIT]?.active && !facts.units[VRRP_UNIT]?.active) return null;
  if (!facts.units[VRRP_UNIT]?.active) return { verb: 'restart', why: 'does not run' };
  if (isUnitNew(PATHS.vrrpUnit, VRRP_UNIT, wanted, facts, context)) return { verb: 'restart', why: UNIT_CHANGED };
  const state = facts.agent?.state;
  const running = state?.vrrp.release ?? state?.release ?? facts.agent?.current ?? null;
  if (running === null || running === context.release) return null;
  if (facts.agent?.vrrpParts[running] === context.vrrpParts) return null;
  return { verb: 'reload', why: `runs release ${running.slice(0, 12)}` };
}

const UNIT_CHANGED = 'its unit has changed';

function isUnitNew(path: string, unit: string, wanted: Wanted, facts: HostFacts, context: Context): boolean {
  const file = filesOf(wanted, facts, context).find((one) => one.path === path);
  const differs = file !== undefined && facts.files[path]?.content !== file.content;
  return differs || (facts.units[unit]?.stale ?? false);
}
