import { always, MODEL_INFER, type Order } from '../generator.js';
import { oneRow } from '../models/requests.js';
import { REPOSITORIES } from '../models/write-repository.js';
import type { ServerProcess } from '../server-process.js';
import type { Duel, DuelistName } from './duels.js';
import { type Contender, compare, type Section } from './section.js';
import type { Stage } from './stage.js';

const CALLERS_PER_CONNECTION = 8;

export function duelSection({ name, goals, model, callers, duelists, targets }: Duel): Section {
  return {
    name,
    goals,
    async run(stage) {
      const connections = Math.ceil(callers / CALLERS_PER_CONNECTION);
      const order: Order = { path: MODEL_INFER, bodies: always(oneRow(model)), callers, connections };
      const contenders: Contender[] = [];
      for (const duelist of duelists) {
        const server = await start(stage, duelist, model);
        if (server !== undefined) contenders.push({ name: duelist, server, order });
      }
      return [await compare(stage, name, contenders, targets)];
    },
  };
}

async function start(stage: Stage, name: DuelistName, model: Duel['model']): Promise<ServerProcess | undefined> {
  switch (name) {
    case 'batching':
      return stage.millrace([model]);
    case 'single':
      return stage.millrace([model], { repository: REPOSITORIES.single });
    case 'grpc-js echo':
      return stage.peer(name);
    case 'grpc-js + ORT':
    case 'Go + ORT':
    case 'Python':
      return stage.peer(name, [model]);
  }
}
