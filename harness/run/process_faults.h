// Process faults: what happens to the program of the service under test, on the timeline of a phase.
//
// Each undo is in the journal before its fault acts, and a watchdog reads it when the harness is killed. heal() undoes all, and
// looks whether it is undone. Driven by the director: poll() when next() is due. One thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "faults/journal.h"
#include "harness/base/clock.h"
#include "harness/events/log.h"
#include "harness/run/own_network.h"
#include "harness/run/process.h"
#include "scenarios/model.h"

namespace stormproof::run {

class ProcessFaults {
 public:
  static constexpr std::chrono::seconds terminate_grace{5};

  struct Setting {
    std::string service;                // its name, for the ledger
    std::string folder;                 // the scenario's: where commands run
    std::string journal;                // a file
    std::string watchdog;               // the program that can heal; empty: none is started
    std::function<Process*()> program;  // null: nothing was started, or it has ended
    std::function<base::Result<void>()> start_again;
    OwnNetwork* network = nullptr;  // of the program; none: it has none
  };

  // All outlive it. `ledger`: where decisions and their effects go.
  ProcessFaults(Setting setting, const base::Clock& clock, events::Log& ledger)
      : setting_(std::move(setting)), clock_(clock), ledger_(ledger) {}

  // Whether they can be done here; the error says what is missing.
  static base::Result<void> check(const std::vector<scenarios::ProcessFault>& faults, bool has_program,
                                  bool has_network = false);

  // The program was started: what it leaves behind is killed when the harness is. Done before it is hurt.
  base::Result<void> guard(pid_t program);
  // The same for its network, before that is made.
  base::Result<void> guard_network();
  // The programs have been ended in order: nothing is left to guard. The last call.
  base::Result<void> close();

  // The faults of a phase, from now on.
  base::Result<void> begin(const std::vector<scenarios::ProcessFault>& faults);
  // When poll() has something to do; end_of_time where it never has.
  base::Time next() const;
  // Does what is due. The error: a fault could not be done; it is in the ledger too.
  base::Result<void> poll();
  // Undoes all and verifies that it is undone: the error says what is not.
  base::Result<void> heal();

 private:
  struct Active {
    const scenarios::ProcessFault* fault;
    base::Time due{};   // of the next thing
    bool hurt = false;  // acts now
    bool down = false;  // the program is to be started again
    std::optional<std::uint64_t> undo = {};
    faults::Undo entry = {};
  };

  base::Result<void> open_journal();
  base::Result<void> act(Active& active);
  base::Result<void> take_back(Active& active);
  base::Result<void> hurt(Active& active, Process* program, std::string& what);
  base::Result<void> write_undo(Active& active, faults::Undo entry);
  void note(const Active& active, events::Effect effect, const std::string& what);

  Setting setting_;
  const base::Clock& clock_;
  events::Log& ledger_;
  std::vector<Active> active_;
  std::optional<faults::Journal> journal_;
  std::vector<std::uint64_t> guards_;
};

}  // namespace stormproof::run
