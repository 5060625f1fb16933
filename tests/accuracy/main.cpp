// Accuracy: `./dev accuracy`: how often the verifier is right. See README.md.
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <fstream>

#include "tests/accuracy/simulated.h"

namespace {

using namespace stormproof::accuracy;

constexpr int simulated_runs = 200;
constexpr int simulated_runs_quick = 20;

struct Options {
  bool quick = false;
  bool examples = false;
  int runs = 0;
  std::uint64_t seed = 1;
  std::string out;
};

Matrix simulated(const Options& options) {
  const int runs = options.runs > 0 ? options.runs : options.quick ? simulated_runs_quick : simulated_runs;
  Matrix matrix;
  judge_breakers(matrix, runs, options.seed);
  judge_limiters(matrix, runs, options.seed);
  judge_timeouts(matrix, runs, options.seed);
  judge_retries(matrix, runs, options.seed);
  return matrix;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("How often the verifier is right: subjects by settings");
  app.add_flag("--quick", options.quick, "the half that CI runs");
  app.add_flag("--examples", options.examples, "print runs with a verdict that was not due");
  app.add_option("--runs", options.runs, "of each simulated subject in each setting");
  app.add_option("--seed", options.seed, "of the first run");
  app.add_option("--out", options.out, "write the document here");
  CLI11_PARSE(app, argc, argv);
  const Matrix matrix = simulated(options);
  fmt::print("{}\n{}\n{}\n", matrix.verdict_table(), matrix.precision_table(), matrix.summary());
  if (options.examples) fmt::print("\n{}\n", fmt::join(matrix.examples(), "\n"));
  return matrix.good() ? 0 : 1;
}
