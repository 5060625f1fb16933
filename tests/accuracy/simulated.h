// Simulated: the half of the matrix in simulated time: each mechanism, right and with each defect, in three settings.
//
// Clean: no background errors, hardly any jitter. Noisy: 5 % background errors and latencies that vary by ± 30 %.
// Starved: too little traffic to tell. Pure: `runs` and `seed` give the matrix.
#pragma once

#include <cstdint>

#include "tests/accuracy/matrix.h"

namespace stormproof::accuracy {

// Into `matrix`, `runs` of each subject in each setting.
void judge_breakers(Matrix& matrix, int runs, std::uint64_t seed);
void judge_scopes(Matrix& matrix, int runs, std::uint64_t seed);  // and half-open width
void judge_limiters(Matrix& matrix, int runs, std::uint64_t seed);
void judge_timeouts(Matrix& matrix, int runs, std::uint64_t seed);
void judge_retries(Matrix& matrix, int runs, std::uint64_t seed);
void judge_failovers(Matrix& matrix, int runs, std::uint64_t seed);
void judge_bulkheads(Matrix& matrix, int runs, std::uint64_t seed);
void judge_overloads(Matrix& matrix, int runs, std::uint64_t seed);  // and metastability
void judge_fallbacks(Matrix& matrix, int runs, std::uint64_t seed);
void judge_recoveries(Matrix& matrix, int runs, std::uint64_t seed);
void judge_traces(Matrix& matrix, int runs, std::uint64_t seed);
void judge_probes(Matrix& matrix, int runs, std::uint64_t seed);  // of rate limits

}  // namespace stormproof::accuracy
