/** A session in two places that nobody can travel between in the time. */
import { defineDetector, noMemory } from '../detector.ts'
import {
  impossibleJourney,
  type Journey,
  journeyFound,
  stopOf,
  stopOfEvent,
  travelLimits,
} from './travel.ts'

/** Within a country, places are what data has wrong most often, whatever the kinds of the networks. */
const isCertain = ({ from, to, kindsKnown }: Journey): boolean =>
  kindsKnown && (from.place.country === '' || from.place.country !== to.place.country)

export const impossibleTravel = defineDetector({
  name: 'impossible-travel',
  version: 1,
  family: 'place',
  reasons: {
    IMPOSSIBLE_TRAVEL:
      'The session is used from a place that cannot be reached in the time since its last proven place.',
  },
  about: {
    sees: 'The place of an event against the last proven place of the session by evidence time (for a late event also the next): the great-circle distance less what both places may be off, over the time between, of which at least a minute counts. Within one country it counts less, and where a kind is unknown only past the distance by which data has carriers wrong.',
    misses: [
      'A thief near the subject, or behind an exit near the subject.',
      'Addresses whose place says nothing of their user: vpn, relay, hosting, satellite, tor, mobile and corporate networks, and what only the client claims.',
      'Places without a city, which may be off by thousands of kilometres.',
    ],
    mistakes: [
      'A VPN whose exit no list names: the lower score is for this, and one proof makes the exit known.',
      "An address whose place the data has wrong: the producer's own `location` wins over it.",
    ],
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
        score: isCertain(journey) ? params.scoreKnown : params.scoreUnknown,
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
