/** A subject's sessions in two places that nobody can travel between in the time. */
import { defineDetector, noMemory } from '../detector.ts'
import { impossibleJourney, journeyFound, stopOf, stopOfEvent, travelLimits } from './travel.ts'

export const travelAcrossSessions = defineDetector({
  name: 'travel-across-sessions',
  version: 1,
  family: 'place',
  reasons: {
    IMPOSSIBLE_TRAVEL:
      'Another session of the subject was just used, from a proven context, in a place too far away.',
  },
  about: {
    sees: 'The place of an event in an unproven context against where other sessions of the subject were just seen in proven ones.',
    misses: [
      'Sessions beyond the last three of the subject.',
      'A thief in a place that the subject could have travelled to, and all that impossible-travel misses.',
    ],
    mistakes: [
      'Two people who share an account.',
      'A machine left signed in at home that goes on acting while its owner opens a session far away on a new network.',
    ],
  },
  params: { scoreKnown: 450, scoreUnknown: 340, halfLifeMs: 4 * 3_600_000, ...travelLimits },
  needs: ['place'],
  memory: noMemory,
  detect(scene, _memory, params) {
    // What is held against is always proven: two proven contexts are a person with two networks.
    if (scene.context.proven) return null
    const here = stopOfEvent(scene.event, scene.context)
    // A late event has a neighbour on either side in time.
    const [journey] = [scene.elsewhere, scene.elsewhereNext]
      .map((sighting) => sighting && impossibleJourney(stopOf(sighting), here, params))
      .filter((found) => found !== null)
    if (journey === undefined) return null
    return {
      reason: 'IMPOSSIBLE_TRAVEL',
      score: journey.kindsKnown ? params.scoreKnown : params.scoreUnknown,
      halfLifeMs: params.halfLifeMs,
      ...journeyFound(journey),
    }
  },
  remember: (_scene, memory) => memory,
})
