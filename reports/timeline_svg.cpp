#include "reports/timeline_svg.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>

#include "harness/base/units.h"
#include "reports/axis.h"
#include "reports/escape.h"
#include "reports/timeline_words.h"

namespace stormproof::reports {
namespace {

constexpr double width = 960, plot_left = 58, plot_right = 948;
constexpr double strip_height = 20, head_height = 34, lane_height = 42;
constexpr double requests_height = 120, calls_height = 84, latency_height = 96;
constexpr double letter_width = 5.9;  // of the 11-pixel text, on average: for what fits where

constexpr std::string_view ink = "#1f2933", muted = "#5f6b7a", grid = "#d9dee5";
constexpr std::string_view good_colour = "#3f7fb5", good_fill = "#a9cbe6", failed_colour = "#b3261e",
                           failed_fill = "#e0736a";
constexpr std::string_view open_colour = "#46586b", open_fill = "#c5cfda", closed_colour = "#2e7d5b";
constexpr std::string_view latency_colour = "#7a4fb0", fault_colour = "#e0a100";
constexpr std::array<std::string_view, timeline_dependencies_max> call_colours = {"#2f7f86", "#a8577e", "#8a7a1f",
                                                                                  "#5b6f9d"};
constexpr std::string_view call_fill = "#a5cfcf";

double seconds(Nanoseconds duration) { return std::chrono::duration<double>(duration).count(); }

class Drawing {
 public:
  explicit Drawing(const Timeline& line) : line_(line), span_(seconds(line.end - line.begin)) {}

  std::string draw();

 private:
  double x(Time time) const {
    const double at = seconds(std::clamp(time, line_.begin, line_.end) - line_.begin);
    return plot_left + (plot_right - plot_left) * at / span_;
  }
  std::string clock(Time time) const { return clock_of(line_, time); }
  double rate(std::uint64_t count, std::size_t bin) const { return rate_of(line_, count, bin); }
  template <typename... Values>
  void put(fmt::format_string<Values...> format, Values&&... values) {
    fmt::format_to(std::back_inserter(body_), format, std::forward<Values>(values)...);
  }
  void text(double at_x, double at_y, std::string_view words, std::string_view colour = muted,
            std::string_view more = "") {
    put("<text x=\"{:.1f}\" y=\"{:.1f}\" font-size=\"11\" fill=\"{}\" class=\"{}\" {}>{}</text>\n", at_x, at_y, colour,
        colour == ink ? "t-ink" : "t-muted", more, escape_xml(words));
  }
  void key(double& at_x, double at_y, std::string_view words, std::string_view colour, std::string_view fill,
           std::string_view name);

  double head(std::string_view title);
  void end_panel(double height);
  void strip(const std::vector<TimelineWindow>& windows, std::string_view prefix, std::string_view look);
  void y_axis(double top, double height, double most);
  void steps(const std::function<double(std::size_t)>& value, double top, double height, double most,
             std::string_view attributes, bool filled);
  void requests();
  void lanes();
  void lane(const TimelineLane& lane);
  void lane_words(const TimelineLane& lane, double middle);
  void open_stretches(const TimelineLane& lane, double middle);
  void moment(const TimelineMoment& moment, double middle);
  void calls();
  void latency();
  void latency_axis(double top, double low, double high);
  void time_axis();
  void tooltips(double top);

  const Timeline& line_;
  double span_;
  double y_ = 2;  // where the next part begins
  std::string body_;
  std::string backdrop_;
};

// The title of a panel; where its keys may begin.
double Drawing::head(std::string_view title) {
  y_ += head_height;
  text(plot_left, y_ - 10, title, ink, "font-weight=\"600\"");
  return plot_left + 18 + 1.1 * letter_width * static_cast<double>(title.size());
}

// Behind a panel stands where faults were on and where phases begin.
void Drawing::end_panel(double height) {
  for (const TimelineWindow& fault : line_.faults) {
    backdrop_ += fmt::format(
        "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" fill=\"{}\" fill-opacity=\"0.13\" "
        "class=\"fault-behind\"/>\n",
        x(fault.begin), y_, std::max(1.0, x(fault.end) - x(fault.begin)), height, fault_colour);
  }
  for (const TimelineWindow& phase : line_.phases) {
    if (phase.begin <= line_.begin) continue;
    backdrop_ += fmt::format(
        "<line x1=\"{0:.1f}\" y1=\"{1:.1f}\" x2=\"{0:.1f}\" y2=\"{2:.1f}\" stroke=\"{3}\" stroke-dasharray=\"2 3\" "
        "class=\"tick\"/>\n",
        x(phase.begin), y_, y_ + height, muted);
  }
  y_ += height;
}

// A square and what it stands for, at the head of a panel.
void Drawing::key(double& at_x, double at_y, std::string_view words, std::string_view colour, std::string_view fill,
                  std::string_view name) {
  put("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"10\" height=\"10\" rx=\"2\" fill=\"{}\" stroke=\"{}\" "
      "class=\"a-{}\"/>\n",
      at_x, at_y - 9, fill, colour, name);
  const std::string shown = shortened(one_line(words), 48);
  text(at_x + 15, at_y, shown, ink);
  at_x += 33 + letter_width * static_cast<double>(shown.size());
}

// Bars with words in them, above the panels.
void Drawing::strip(const std::vector<TimelineWindow>& windows, std::string_view prefix, std::string_view look) {
  if (windows.empty()) return;
  for (const TimelineWindow& window : windows) {
    const double from = x(window.begin), to = x(window.end);
    put("<g><title>{}{}, {} to {}</title><rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{}\" rx=\"4\" {}/>",
        prefix, escape_xml(window.what), clock(window.begin), clock(window.end), from + 1, y_,
        std::max(1.0, to - from - 2), strip_height, look);
    const auto fits = static_cast<std::size_t>(std::max(0.0, (to - from - 14) / letter_width));
    if (fits >= 4) text(from + 8, y_ + 14, shortened(fmt::format("{}{}", prefix, one_line(window.what)), fits), ink);
    put("</g>\n");
  }
  y_ += strip_height + 4;
}

void Drawing::y_axis(double top, double height, double most) {
  for (const double share : {0.0, 0.5, 1.0}) {
    const double at = top + height * (1 - share);
    put("<line x1=\"{}\" y1=\"{:.1f}\" x2=\"{}\" y2=\"{:.1f}\" stroke=\"{}\" class=\"grid\"/>\n", plot_left, at,
        plot_right, at, grid);
    text(plot_left - 6, at + 4, tick_text(most * share), muted, "text-anchor=\"end\"");
  }
}

void Drawing::steps(const std::function<double(std::size_t)>& value, double top, double height, double most,
                    std::string_view attributes, bool filled) {
  const double floor = top + height;
  put("<path d=\"M{:.1f} {:.1f}", plot_left, floor);
  for (std::size_t bin = 0; bin < line_.bins.size(); ++bin) {
    put("V{:.1f}H{:.1f}", floor - height * value(bin) / most, x(line_.end_of(bin)));
  }
  put("V{:.1f}{}\" {}/>\n", floor, filled ? "Z" : "", attributes);
}

void Drawing::requests() {
  double at = head("Requests to the service, per second");
  key(at, y_ - 10, "ok", good_colour, good_fill, "good");
  key(at, y_ - 10, "failed", failed_colour, failed_fill, "failed");
  double most = 0;
  for (std::size_t bin = 0; bin < line_.bins.size(); ++bin) {
    most = std::max(most, rate(line_.bins[bin].good + line_.bins[bin].failed, bin));
  }
  most = axis_end(most);
  y_axis(y_, requests_height, most);
  const auto all = [this](std::size_t bin) { return rate(line_.bins[bin].good + line_.bins[bin].failed, bin); };
  const auto good = [this](std::size_t bin) { return rate(line_.bins[bin].good, bin); };
  // Failed stands on top of good: the whole is drawn red, and what is good is drawn over it.
  steps(all, y_, requests_height, most,
        fmt::format("fill=\"{}\" stroke=\"{}\" class=\"a-failed\"", failed_fill, failed_colour), true);
  steps(good, y_, requests_height, most,
        fmt::format("fill=\"{}\" stroke=\"{}\" class=\"a-good\"", good_fill, good_colour), true);
  end_panel(requests_height);
}

void Drawing::lanes() {
  for (const TimelineLane& each : line_.lanes) {
    if (!each.moments.empty()) lane(each);
  }
}

void Drawing::lane(const TimelineLane& lane) {
  head(shortened(one_line(lane.what), 120));
  const double middle = y_ + lane_height / 2;
  put("<line x1=\"{}\" y1=\"{:.1f}\" x2=\"{}\" y2=\"{:.1f}\" stroke=\"{}\" stroke-width=\"2\" class=\"lane\"/>\n",
      plot_left, middle, plot_right, middle, grid);
  open_stretches(lane, middle);
  for (const TimelineMoment& each : lane.moments) moment(each, middle);
  lane_words(lane, middle);
  end_panel(lane_height);
}

// Above the line where there is room, else below it, else not at all: the tooltip still tells.
void Drawing::lane_words(const TimelineLane& lane, double middle) {
  std::array<double, 2> taken_to = {};
  bool leak_told = false;
  for (const TimelineMoment& each : lane.moments) {
    const bool is_leak = each.kind == MomentKind::leak;
    const bool is_wordless = each.kind == MomentKind::probe || each.kind == MomentKind::reopened;
    if (is_wordless || (is_leak && leak_told)) continue;
    leak_told = leak_told || is_leak;
    const std::string words = shortened(one_line(each.what), 40) + " " + clock(each.at);
    const double length = letter_width * static_cast<double>(words.size());
    const double from = std::min(x(each.at) - 4, plot_right - length);
    for (std::size_t row = 0; row < taken_to.size(); ++row) {
      if (from < taken_to[row]) continue;
      text(from, row == 0 ? middle - 10 : middle + 18, words, muted);
      taken_to[row] = from + length + 8;
      break;
    }
  }
}

void Drawing::open_stretches(const TimelineLane& lane, double middle) {
  std::optional<Time> since;
  const auto stretch = [&](Time to) {
    const double from_x = x(*since), to_x = x(to);
    put("<g><title>open, {} to {}</title><rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"14\" rx=\"3\" "
        "fill=\"{}\" class=\"open\"/></g>\n",
        clock(*since), clock(to), from_x, middle - 7, std::max(1.5, to_x - from_x), open_fill);
    since.reset();
  };
  for (const TimelineMoment& each : lane.moments) {
    const bool opens = each.kind == MomentKind::opened || each.kind == MomentKind::reopened;
    if (opens && !since) since = each.at;
    if (each.kind == MomentKind::closed && since) stretch(each.at);
  }
  if (since) stretch(line_.end);
}

void Drawing::moment(const TimelineMoment& moment, double middle) {
  const double at = x(moment.at);
  if (moment.kind == MomentKind::reopened) return;
  put("<g><title>{} at {}</title>", escape_xml(moment.what), clock(moment.at));
  switch (moment.kind) {
    case MomentKind::opened:
      put("<path d=\"M{:.1f} {:.1f}h10l-5 9z\" fill=\"{}\" class=\"f-open\"/>", at - 5, middle - 5, open_colour);
      break;
    case MomentKind::reopened: break;
    case MomentKind::closed:
      put("<path d=\"M{:.1f} {:.1f}h10l-5 -9z\" fill=\"{}\" class=\"f-closed\"/>", at - 5, middle + 5, closed_colour);
      break;
    case MomentKind::probe:
      put("<path d=\"M{:.1f} {:.1f}l4.5 -4.5l4.5 4.5l-4.5 4.5z\" fill=\"#ffffff\" stroke=\"{}\" class=\"probe\"/>",
          at - 4.5, middle, ink);
      break;
    case MomentKind::leak:
      put("<path d=\"M{:.1f} {:.1f}v12\" stroke=\"{}\" stroke-width=\"1.5\" class=\"s-failed\"/>", at, middle - 6,
          failed_colour);
      break;
    case MomentKind::other:
      put("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"4\" fill=\"{}\" class=\"f-muted\"/>", at, middle, muted);
      break;
  }
  put("</g>\n");
}

void Drawing::calls() {
  if (line_.dependencies.empty()) return;
  double at = head("Calls to dependencies, per second");
  const bool alone = line_.dependencies.size() == 1;
  double most = 0;
  for (std::size_t i = 0; i < line_.dependencies.size(); ++i) {
    key(at, y_ - 10, line_.dependencies[i], call_colours[i], alone ? call_fill : call_colours[i],
        alone ? "calls" : fmt::format("call{}", i));
    for (std::size_t bin = 0; bin < line_.bins.size(); ++bin)
      most = std::max(most, rate(line_.bins[bin].calls[i], bin));
  }
  most = axis_end(most);
  y_axis(y_, calls_height, most);
  for (std::size_t i = 0; i < line_.dependencies.size(); ++i) {
    const auto value = [this, i](std::size_t bin) { return rate(line_.bins[bin].calls[i], bin); };
    const std::string_view colour = call_colours[i];
    steps(value, y_, calls_height, most,
          alone ? fmt::format("fill=\"{}\" stroke=\"{}\" class=\"a-calls\"", call_fill, colour)
                : fmt::format("fill=\"none\" stroke=\"{}\" stroke-width=\"1.8\" class=\"s-call{}\"", colour, i),
          alone);
  }
  end_panel(calls_height);
}

void Drawing::latency() {
  double low = 0, high = 0;
  for (const TimelineBin& bin : line_.bins) {
    if (!bin.p99) continue;
    const double value = std::max(1e-6, seconds(*bin.p99));
    low = low == 0 ? value : std::min(low, value);
    high = std::max(high, value);
  }
  head("p99 latency, from the intended send time (log scale)");
  const double least = low == 0 ? 1e-3 : std::pow(10.0, std::floor(std::log10(low)));
  const double most = std::max(10 * least, high == 0 ? 1.0 : std::pow(10.0, std::ceil(std::log10(high) - 1e-9)));
  latency_axis(y_, least, most);
  const auto place = [&](double value) {
    return y_ + latency_height * (1 - std::log10(value / least) / std::log10(most / least));
  };
  std::string path;
  for (std::size_t i = 0; i < line_.bins.size(); ++i) {
    const TimelineBin& bin = line_.bins[i];
    const double middle = (x(line_.begin_of(i)) + x(line_.end_of(i))) / 2;
    const bool connected = i > 0 && line_.bins[i - 1].p99.has_value();
    if (bin.p99)
      path += fmt::format("{}{:.1f} {:.1f}", connected ? "L" : "M", middle, place(std::max(1e-6, seconds(*bin.p99))));
    if (bin.p99 && !connected) path += "h0.1";  // a bin alone still leaves a dot
    if (!bin.p99 && bin.good + bin.failed > 0) {
      put("<g><title>no answer</title><path d=\"M{:.1f} {:.1f}l6 6m0 -6l-6 6\" stroke=\"{}\" stroke-width=\"1.6\" "
          "class=\"s-failed\"/></g>\n",
          middle - 3, y_ + 2, failed_colour);
    }
  }
  if (!path.empty()) {
    put("<path d=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"1.8\" stroke-linejoin=\"round\" "
        "stroke-linecap=\"round\" class=\"s-latency\"/>\n",
        path, latency_colour);
  }
  end_panel(latency_height);
}

void Drawing::latency_axis(double top, double low, double high) {
  const int decades = static_cast<int>(std::lround(std::log10(high / low)));
  for (int decade = 0; decade <= decades; ++decade) {
    const double at = top + latency_height * (1 - static_cast<double>(decade) / decades);
    put("<line x1=\"{}\" y1=\"{:.1f}\" x2=\"{}\" y2=\"{:.1f}\" stroke=\"{}\" class=\"grid\"/>\n", plot_left, at,
        plot_right, at, grid);
    const double value = low * std::pow(10.0, decade);
    text(plot_left - 6, at + 4, base::format_duration_exact(Nanoseconds(std::llround(value * 1e9))), muted,
         "text-anchor=\"end\"");
  }
}

void Drawing::time_axis() {
  const double step = clock_step_s(span_);
  for (double at = 0; at <= span_ * (1 + 1e-9); at += step) {
    const double at_x = plot_left + (plot_right - plot_left) * at / span_;
    put("<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"{}\" class=\"tick\"/>\n", at_x, y_,
        at_x, y_ + 4, muted);
    const std::string words = span_ > 600 ? clock_text(line_, at) : fmt::format("{:g} s", at);
    text(at_x, y_ + 17, words, muted, at_x > plot_right - 12 ? "text-anchor=\"end\"" : "text-anchor=\"middle\"");
  }
  y_ += 24;
}

void Drawing::tooltips(double top) {
  put("<g class=\"hover\">\n");
  for (std::size_t i = 0; i < line_.bins.size(); ++i) {
    const double from = x(line_.begin_of(i));
    put("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" fill=\"#000000\" "
        "fill-opacity=\"0\"><title>{}</title></rect>\n",
        from, top, x(line_.end_of(i)) - from, y_ - top, escape_xml(describe(line_, i)));
  }
  put("</g>\n");
}

std::string Drawing::draw() {
  strip(line_.phases, "", "fill=\"#e6eaef\" class=\"phase\"");
  strip(line_.faults, "⚡ ", "fill=\"#f6dd9b\" class=\"fault\"");
  const double top = y_ + 12;
  requests();
  lanes();
  calls();
  latency();
  tooltips(top);
  time_axis();
  return fmt::format(
             "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1:.0f}\" width=\"{0}\" height=\"{1:.0f}\" "
             "role=\"img\" "
             "aria-labelledby=\"timeline-title timeline-words\" font-family=\"system-ui, sans-serif\" "
             "class=\"timeline\">\n"
             "<title id=\"timeline-title\">The run over time</title>\n<desc id=\"timeline-words\">{2}</desc>\n",
             width, y_, escape_xml(describe(line_))) +
         backdrop_ + body_ + "</svg>\n";
}

}  // namespace

std::string draw_timeline(const Timeline& line) { return line.bins.empty() ? "" : Drawing(line).draw(); }

}  // namespace stormproof::reports
