/** A country that the subject has never been proven in. */
import { defineDetector, noMemory } from '../detector.ts'
import type { Context } from '../state.ts'
import { firstDays } from './first-days.ts'

/** The place's country, which a producer may have stated, before that of the address. */
const countryOf = (context: Context): string =>
  context.place?.country || context.network?.country || ''

const knows = (context: Context, country: string): boolean =>
  context.place?.country === country || context.network?.country === country

export const newCountry = defineDetector({
  name: 'new-country',
  version: 1,
  family: 'place',
  reasons: { NEW_COUNTRY: 'The subject has never been proven in this country.' },
  about: {
    sees: "The country of an event, by its place, else by its address, against the countries of the subject's proven contexts.",
    misses: [
      "Thieves in the subject's own countries, or behind exits there.",
      'Subjects with fewer logins or days than it takes to have a habit.',
    ],
    mistakes: [
      'Every first trip abroad, and roaming or corporate egress that surfaces in another country: the score alone asks for nothing.',
    ],
  },
  params: { score: 200, halfLifeMs: 24 * 3_600_000, ...firstDays },
  needs: ['history'],
  memory: noMemory,
  detect({ event, kind, context, profile }, _memory, params) {
    // Where an agent runs says nothing of the person who sent it.
    if (kind !== event.subject.kind) return null
    const country = countryOf(context)
    if (context.proven || country === '') return null
    // A habit needs a few days to be one.
    if (profile.logins < params.loginsMin || profile.loginDays < params.loginDaysMin) return null
    if (profile.contexts.some((known) => knows(known, country))) return null
    const usual = [...new Set(profile.contexts.map(countryOf))].filter((known) => known !== '')
    if (usual.length === 0) return null
    const usualCountries = usual.slice(-5).join(', ')
    return {
      reason: 'NEW_COUNTRY',
      score: params.score,
      halfLifeMs: params.halfLifeMs,
      message: `First time in ${country}; known: ${usualCountries}`,
      evidence: { previousCountries: usualCountries, country },
    }
  },
  remember: (_scene, memory) => memory,
})
