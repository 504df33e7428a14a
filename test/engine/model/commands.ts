/** Everything that can happen to a pipeline, as commands for fast-check: what the engine does, what the model says, compared after each. */
import fc from 'fast-check';
import { isInGroup } from './command.js';
import { assign, claimQuestion, claimsExpire, release, snooze } from './desk-commands.js';
import { enqueueMany, enqueueOne } from './enqueue-command.js';
import { finishSome, finishWithMore } from './finish-commands.js';
import { decideOne, editByHand, endByHand, goTo, movable, operate, reprioritise } from './people-commands.js';
import {
  answeredMeanwhile,
  ask,
  claimSome,
  crash,
  crashLoop,
  due,
  failInGroup,
  failOne,
  giveBack,
  handBackMany,
  putOff,
} from './runner-commands.js';

/** All commands; what happens most in life comes most. */
export const commands = fc.oneof(
  { arbitrary: enqueueOne, weight: 12 },
  { arbitrary: claimSome, weight: 16 },
  { arbitrary: finishSome, weight: 8 },
  { arbitrary: finishWithMore, weight: 5 },
  { arbitrary: failOne(true), weight: 3 },
  { arbitrary: failOne(false), weight: 2 },
  { arbitrary: putOff(false), weight: 3 },
  { arbitrary: putOff(true), weight: 1 },
  { arbitrary: ask, weight: 7 },
  { arbitrary: answeredMeanwhile, weight: 3 },
  { arbitrary: giveBack, weight: 1 },
  { arbitrary: handBackMany, weight: 1 },
  { arbitrary: crash, weight: 2 },
  { arbitrary: crashLoop, weight: 1 },
  { arbitrary: due, weight: 6 },
  { arbitrary: decideOne, weight: 7 },
  {
    arbitrary: operate(
      'wake',
      `wake_pipeline($1, 'ada')`,
      (p) => p.status === 'held',
      (p, now) => p.woken(now),
    ),
    weight: 4,
  },
  {
    arbitrary: operate(
      'cancel',
      `cancel_pipeline($1, 'ada', 'r')`,
      (p) => p.open,
      (p) => p.cancelled(),
    ),
    weight: 1,
  },
  {
    arbitrary: operate(
      'requeue',
      `requeue_pipeline($1, 'ada')`,
      (p) => p.status === 'failed' || p.status === 'delayed',
      (p, now) => p.requeued(now),
    ),
    weight: 4,
  },
  {
    arbitrary: operate('skip', `skip_job($1, 'ada', 'r')`, movable, (p, now) => p.skipped(now)),
    weight: 1,
  },
  {
    arbitrary: operate(
      'skip in a group',
      `skip_job($1, 'ada', 'r')`,
      (p) => movable(p) && isInGroup(p),
      (p, now) => p.skipped(now),
    ),
    weight: 1,
  },
  { arbitrary: failInGroup, weight: 3 },
  { arbitrary: goTo, weight: 2 },
  { arbitrary: editByHand, weight: 2 },
  { arbitrary: endByHand, weight: 1 },
  { arbitrary: reprioritise, weight: 1 },
  { arbitrary: claimQuestion, weight: 2 },
  { arbitrary: assign, weight: 1 },
  { arbitrary: release, weight: 1 },
  { arbitrary: snooze, weight: 1 },
  { arbitrary: claimsExpire, weight: 1 },
  { arbitrary: enqueueMany, weight: 2 },
);
