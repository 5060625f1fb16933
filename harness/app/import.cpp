// stormproof import: brings a recording of another tool into a capture.

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <filesystem>
#include <iostream>

#include "harness/app/commands.h"
#include "harness/app/inputs.h"
#include "harness/app/version.h"
#include "harness/base/clock.h"
#include "harness/base/units.h"
#include "replay/capture_writer.h"
#include "replay/gor_importer.h"

namespace stormproof::app {
namespace {

struct ImportOptions {
  std::vector<std::string> inputs;
  std::string out;
};

ExitCode fail(const base::Error& error) { return complain("import", ExitCode::invalid_input, error); }

base::Result<void> check_format(const std::vector<std::string>& inputs) {
  for (const std::string& input : inputs) {
    const auto is_gor = replay::is_gor_file(input);
    if (!is_gor) return std::unexpected(is_gor.error());
    if (!*is_gor) {
      return base::fail(fmt::format("{} is in no format that can be imported: GoReplay's .gor, plain or compressed with gzip", input));
    }
  }
  return {};
}

base::Result<replay::ImportReport> import_into(const ImportOptions& options, const base::Clock& clock) {
  auto writer = replay::CaptureWriter::create(options.out, {{"source", fmt::format("import {}", fmt::join(options.inputs, " "))},
                                                            {"made", base::format_time(clock.now())},
                                                            {"made by", fmt::format("stormproof {}", version)}});
  if (!writer) return std::unexpected(writer.error());
  auto report = replay::import_gor(options.inputs, *writer);
  if (report && report->exchanges() != 0) {
    const auto closed = writer->close();
    if (closed) return report;
    report = std::unexpected(closed.error());
  }
  // The file was made here: nothing half-made may stay.
  { const replay::CaptureWriter ended = std::move(*writer); }
  std::error_code ignored;
  for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(options.out + suffix, ignored);
  return report;
}

ExitCode import_files(const ImportOptions& options) {
  if (const auto known = check_format(options.inputs); !known) return fail(known.error());
  const base::SystemClock clock;
  const auto report = import_into(options, clock);
  if (!report) return fail(report.error());
  std::cerr << replay::to_text(*report);
  if (report->exchanges() == 0) return fail({.message = "nothing could be imported; " + options.out + " was not made"});
  return ExitCode::pass;
}

}  // namespace

void add_import(CLI::App& app, Call& call) {
  auto* command = app.add_subcommand("import", "Bring recordings of another tool (GoReplay's .gor) into a capture");
  auto options = std::make_shared<ImportOptions>();
  command->add_option("INPUT", options->inputs, "the files, in any order; *.gor, *.gor.gz")->required();
  command->add_option("--out", options->out, "the capture to write; an existing file is refused")->required();
  command->callback([options, &call] { call = [options] { return import_files(*options); }; });
}

}  // namespace stormproof::app
