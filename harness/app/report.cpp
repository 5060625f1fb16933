// stormproof report: renders a stored run.

#include <CLI/CLI.hpp>
#include <map>

#include "harness/app/commands.h"
#include "harness/app/inputs.h"
#include "harness/app/outputs.h"
#include "reports/html.h"
#include "reports/json.h"
#include "reports/junit.h"
#include "reports/markdown.h"

namespace stormproof::app {
namespace {

struct ReportOptions {
  std::string run;
  std::string db;
  std::string format = "html";
  std::string out = "-";
};

std::string render(const reports::RunRecord& record, const std::string& format) {
  if (format == "junit") return reports::render_junit({&record, 1});
  if (format == "json") return reports::render_json(record);
  if (format == "md") return reports::render_markdown(record);
  return reports::render_html(record);
}

ExitCode report(const ReportOptions& options) {
  const auto record = load_run(options.run, options.db);
  if (!record) return complain("report", ExitCode::invalid_input, record.error());
  if (const auto written = write_whole(options.out, render(*record, options.format)); !written) {
    return complain("report", ExitCode::could_not_run, written.error());
  }
  return ExitCode::pass;
}

}  // namespace

void add_report(CLI::App& app, Call& call) {
  auto* command = app.add_subcommand("report", "Render a stored run");
  auto options = std::make_shared<ReportOptions>();
  command->add_option("RUN", options->run, "a run's id, 'latest', a run store, or the folder of one")->required();
  command->add_option("--db", options->db, "the run store (default: stormproof-out/stormproof.db)");
  command->add_option("--format", options->format, "html, junit, json or md")
      ->check(CLI::IsMember({"html", "junit", "json", "md"}))
      ->capture_default_str();
  command->add_option("--out", options->out, "a file; - is standard output")->capture_default_str();
  command->callback([options, &call] { call = [options] { return report(*options); }; });
}

}  // namespace stormproof::app
