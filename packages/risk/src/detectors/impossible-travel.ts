/** A session in two places that nobody can travel between in the time. */
import { defineDetector, noMemory } from '../detector.ts'
import { impossibleJourney, journeyFound, stopOf, stopOfEvent, travelLimits } from './travel.ts'

export const impossibleTravel = defineDetector({
  name: 'impossible-travel',
  version: 1,
  family: 'place',
  reasons: {
    IMPOSSIBLE_TRAVEL:
      'The session is used from a place that cannot be reached in the time since its last proven place.',
  },
  params: { scoreKnown: 720, scoreUnknown: 550, ...travelLimits },
  needs: ['place', 'base'],
  memory: noMemory,
  detect(scene, _memory, params) {
    if (scene.context.proven) return null
    const here = stopOfEvent(scene.event, scene.context)
    // A late event has a neighbour on either side in time, and either may give it away.
    const [found] = [scene.base, scene.next]
      .map((sighting) => sighting && impossibleJourney(stopOf(sighting), here, params))
      .filter((journey) => journey !== null)
      .map((journey) => ({
        score: journey.kindsKnown ? params.scoreKnown : params.scoreUnknown,
        journey,
      }))
      .sort((a, b) => b.score - a.score || b.journey.speedKmh - a.journey.speedKmh)
    if (found === undefined) return null
    return {
      reason: 'IMPOSSIBLE_TRAVEL',
      score: found.score,
      halfLifeMs: 0,
      ...journeyFound(found.journey),
    }
  },
  remember: (_scene, memory) => memory,
})
