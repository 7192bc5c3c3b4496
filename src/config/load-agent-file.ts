/** How the config of an agent is read from a file: `.acl` or `.hcl`, `.yaml` or `.yml`, `.json`. */

import { dirname, extname, resolve } from 'node:path';
import { TroupeError } from '../domain/errors.js';
import { readAcl } from './acl.js';
import type { Environment } from './acl-value.js';
import { AgentConfig, type ResolvedAgentConfig } from './agent-config.js';
import type { ConfigNode } from './config-node.js';
import { parseNode } from './config-schema.js';
import { readJson } from './read-json.js';
import { readText } from './read-text.js';
import { readYaml } from './read-yaml.js';

/**
 * Reads and checks a file. Folders in it come out absolute, taken from the file's own folder. `env` is what `env("NAME")` of the
 * block language reads from; YAML and JSON have no such function.
 * @throws TroupeError `config_invalid` with file, line and key.
 */
export function loadAgentFile(file: string, env: Environment): ResolvedAgentConfig {
  const config = parseNode(AgentConfig, readNode(file, env), file);
  const absolute = (folder: string) => resolve(dirname(file), folder);
  return { ...config, agentDirs: config.agentDirs.map(absolute), skillDirs: config.skillDirs.map(absolute) };
}

function readNode(file: string, env: Environment): ConfigNode {
  switch (extname(file).toLowerCase()) {
    case '.acl':
    case '.hcl':
      return readAcl(readText(file), file, env);
    case '.yaml':
    case '.yml':
      return readYaml(readText(file), file);
    case '.json':
      return readJson(readText(file), file);
    default:
      throw new TroupeError(
        'config_invalid',
        `${file}: unknown kind of file; expected .acl, .hcl, .yaml, .yml or .json`,
      );
  }
}
