/** What this machine contributes to every connection: home, user, agent and ssh_config. */
import { homedir, userInfo } from 'node:os';
import type { Surroundings } from './resolve-host.ts';
import { readSshConfig } from './ssh-config.ts';

export function readSurroundings(): Surroundings {
  const home = homedir();
  return {
    sshConfig: readSshConfig(home),
    home,
    localUser: userInfo().username,
    agentSocket: process.env['SSH_AUTH_SOCK'] || null,
  };
}
