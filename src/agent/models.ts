/** Which model a name means, and which one is meant without a name. */

import {
  knownNames,
  type ResolvedAgentConfig,
  type ResolvedAgentOptions,
  type ResolvedModelConfig,
  type ResolvedProviderConfig,
} from '../config/index.js';
import { TroupeError } from '../domain/errors.js';
import type { ModelProvider } from '../domain/model.js';

/** What a model of a config is made from. */
export interface ConfiguredModel {
  /** `provider/model`. */
  readonly name: string;
  readonly model: string;
  readonly provider: ResolvedProviderConfig;
  readonly settings: ResolvedModelConfig;
  /** The same object for all models of one provider: they share a limiter. */
  readonly limiterKey: object;
}

export interface ModelFactories {
  /** Called at the first use of the model. */
  configured(model: ConfiguredModel): ModelProvider;
  offline(): ModelProvider;
}

/** @throws TroupeError `config_invalid` for an unknown name; without a name, where there are several models and no default. */
export type ModelOf = (name?: string) => ModelProvider;

/**
 * The models of a config, which may be absent, and those of the options; with neither config nor model the offline one.
 * @throws TroupeError `config_invalid` for a name given to two models, a default that does not exist, or a config without any model.
 */
export function createModels(
  config: ResolvedAgentConfig | undefined,
  options: ResolvedAgentOptions,
  make: ModelFactories,
): ModelOf {
  const models = new Map<string, () => ModelProvider>();
  for (const model of configuredModels(config))
    models.set(
      model.name,
      once(() => make.configured(model)),
    );
  for (const [name, model] of Object.entries(options.models)) {
    if (models.has(name)) fail(`models: the name ${name} is that of a configured model; choose another`);
    models.set(name, () => model);
  }
  const named = (name: string, what: string): ModelProvider => {
    const model = models.get(name);
    if (model) return model();
    const known = models.size > 0 ? knownNames(name, models.keys()) : 'no model has a name; name some in `models`';
    return fail(`${what}: no model ${JSON.stringify(name)}; ${known}`);
  };
  const withDefault = (fallback: (() => ModelProvider) | undefined): ModelOf => {
    return (name) => {
      if (name !== undefined) return named(name, 'model');
      if (fallback) return fallback();
      return fail(`defaultModel: none is set, and there are several; name one of ${[...models.keys()].join(', ')}`);
    };
  };

  const chosen = options.defaultModel ?? config?.defaultModel;
  if (typeof chosen === 'object') return withDefault(() => chosen);
  if (chosen !== undefined) {
    if (!models.has(chosen)) named(chosen, 'defaultModel');
    return withDefault(() => named(chosen, 'defaultModel'));
  }
  if (models.size > 0) return withDefault(models.size === 1 ? [...models.values()][0] : undefined);
  if (config === undefined) return withDefault(once(() => make.offline()));
  return fail('there is no model; configure one under providers, or give models or defaultModel in the options');
}

function configuredModels(config: ResolvedAgentConfig | undefined): readonly ConfiguredModel[] {
  return Object.entries(config?.providers ?? {}).flatMap(([providerName, provider]) => {
    const limiterKey = Object.freeze({}); // not the provider's settings, which hold its key
    return Object.entries(provider.models).map(([model, settings]) => {
      return { name: `${providerName}/${model}`, model, provider, settings, limiterKey };
    });
  });
}

function once<Value>(make: () => Value): () => Value {
  let made: { readonly value: Value } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

function fail(message: string): never {
  throw new TroupeError('config_invalid', message);
}
