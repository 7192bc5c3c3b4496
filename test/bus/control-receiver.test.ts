import { describe, expect, it } from 'vitest';
import { ControlReceiver } from '../../src/bus/control-receiver.js';
import { MemoryEventBus } from '../../src/bus/index.js';
import { TroupeError } from '../../src/domain/errors.js';
import { VirtualClock } from '../../src/testing/virtual-clock.js';

async function errorsOf(data: unknown, onSignal: () => void = () => {}): Promise<TroupeError[]> {
  const bus = new MemoryEventBus();
  const errors: TroupeError[] = [];
  const options = {
    bus,
    prefix: 'agent',
    clock: new VirtualClock(),
    onError: (error: TroupeError) => errors.push(error),
  };
  const receiver = new ControlReceiver({ ...options, onSignal });
  await bus.publish({ id: '1', subject: 'agent.subagent-1.control', data });
  await bus.close();
  receiver.stop();
  return errors.filter(({ code }) => code !== 'closed');
}

describe('a control signal from outside', () => {
  it.each([[''], [' \n']])('is refused as its sender’s mistake where a message is blank: %j', async (message) => {
    expect(await errorsOf({ signal: 'steer', message })).toMatchObject([
      { code: 'config_invalid', message: expect.stringContaining('message: expected a text that is not empty') },
    ]);
  });

  it('that cannot be obeyed now is told with the code of the refusal, a defect as one', async () => {
    const refuse = (cause: unknown) => () => {
      throw cause;
    };
    const steer = { signal: 'steer', message: 'go' };
    const full = new TroupeError('wrong_state', 'too many messages wait');
    expect(await errorsOf(steer, refuse(full))).toMatchObject([
      { code: 'wrong_state', message: 'steer ignored on agent.subagent-1.control: too many messages wait' },
    ]);
    expect(await errorsOf(steer, refuse(new TypeError('x')))).toMatchObject([
      { code: 'bug', message: 'steer for subagent-1 threw: x' },
    ]);
  });
});
