// stormproof inspect: what a capture holds.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <iostream>

#include "harness/app/commands.h"
#include "harness/app/inputs.h"
#include "harness/app/outputs.h"
#include "replay/capture_reader.h"
#include "replay/exchange.h"
#include "replay/inspection.h"
#include "replay/link_listing.h"
#include "replay/segments.h"

namespace stormproof::app {
namespace {

struct InspectOptions {
  std::string file;
  bool json = false;
  bool list = false;
  bool links = false;
  bool segments = false;
};

// Every exchange to `print`; what is damaged is told and left out.
template <class Print>
ExitCode each(replay::CaptureReader& capture, Print print) {
  replay::Exchange exchange;
  ExitCode code = ExitCode::pass;
  while (true) {
    const auto more = capture.next(exchange);
    if (more && !*more) return code;
    const auto printed = more ? print(exchange) : base::Result<void>(std::unexpected(more.error()));
    if (!printed) code = complain("inspect", ExitCode::invalid_input, printed.error());
  }
}

// A line an exchange: number, milliseconds since the first, status, method, target; a shadowed one says of which.
ExitCode list(replay::CaptureReader& capture) {
  return each(capture, [&](const replay::Exchange& exchange) -> base::Result<void> {
    const auto since = std::chrono::duration<double, std::milli>(exchange.request_start - capture.first_time()).count();
    std::cout << exchange.id << '\t' << since << '\t' << replay::status_of(exchange.response.head) << '\t'
              << replay::method_of(exchange.request.head) << '\t' << replay::target_of(exchange.request.head);
    if (exchange.shadow_of != 0) std::cout << "\tshadow of " << exchange.shadow_of;
    std::cout << '\n';
    return {};
  });
}

// A line a segment of a stream: number of its exchange, milliseconds since its start, from whom, bytes.
ExitCode list_segments(replay::CaptureReader& capture) {
  return each(capture, [](const replay::Exchange& exchange) -> base::Result<void> {
    replay::SegmentReader reader(exchange.segments);
    while (true) {
      const auto segment = reader.next();
      if (!segment) return base::fail(fmt::format("exchange {}: {}", exchange.id, segment.error().message));
      if (!*segment) return {};
      const auto after = std::chrono::duration<double, std::milli>((*segment)->after).count();
      const bool request = (*segment)->direction == replay::Direction::request;
      std::cout << fmt::format("{}\t{:.3f}\t{}\t{}\n", exchange.id, after, request ? "client" : "upstream",
                               (*segment)->bytes);
    }
  });
}

ExitCode show_links(const InspectOptions& options) {
  auto capture = replay::CaptureReader::open(options.file);
  if (!capture) return complain("inspect", ExitCode::invalid_input, capture.error());
  const auto links = replay::find_links(*capture);
  if (!links) return complain("inspect", ExitCode::invalid_input, links.error());
  const auto written = write_whole(
      "-", options.json ? replay::links_to_json(*links, options.file) : replay::links_to_text(*links, options.file));
  if (!written) return complain("inspect", ExitCode::could_not_run, written.error());
  return ExitCode::pass;
}

ExitCode inspect(const InspectOptions& options) {
  if (options.links) return show_links(options);
  auto capture = replay::CaptureReader::open(options.file, {.heads_only = true});
  if (!capture) return complain("inspect", ExitCode::invalid_input, capture.error());
  if (options.list) return list(*capture);
  if (options.segments) return list_segments(*capture);
  const replay::Inspection inspection = replay::inspect(*capture);
  const auto written = write_whole("-", options.json ? replay::to_json(inspection) : replay::to_text(inspection));
  if (!written) return complain("inspect", ExitCode::could_not_run, written.error());
  return inspection.damage.empty() ? ExitCode::pass : ExitCode::invalid_input;
}

}  // namespace

void add_inspect(CLI::App& app, Call& call) {
  auto* command = app.add_subcommand("inspect", "Show what a capture holds, and what it lost");
  auto options = std::make_shared<InspectOptions>();
  command->add_option("FILE", options->file, "a capture")->required();
  auto* json =
      command->add_flag("--json", options->json, "print JSON (stormproof.inspect/1, with --links stormproof.links/1)");
  auto* list = command->add_flag("--list", options->list, "a line an exchange")->excludes(json);
  auto* links = command->add_flag("--links", options->links, "the values that responses gave and later requests sent")
                    ->excludes(list);
  command->add_flag("--segments", options->segments, "a line a piece of bytes of each TCP connection or tunnel")
      ->excludes(json)
      ->excludes(list)
      ->excludes(links);
  command->callback([options, &call] { call = [options] { return inspect(*options); }; });
}

}  // namespace stormproof::app
