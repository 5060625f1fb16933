// OwnNetwork: a network namespace for the program of the service, its link to the harness, and what can be done to that link.
//
// Everything that is hurt is made by the harness: a namespace and a pair of links of its own name, with one address at each
// end. Loss and partition are rules of nftables on the harness's end, for both directions; delay, duplication and
// reordering are tc netem on both ends, and refused where the kernel has none. Each undo is one command that may be run at any time, and
// twice (faults::Undo::Kind::command). Needs root, or root of a namespace (`unshare -rnm`). Blocks for some milliseconds.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "faults/journal.h"
#include "harness/base/error.h"
#include "scenarios/model.h"

namespace stormproof::run {

class OwnNetwork {
 public:
  // Whether it can be made and hurt here; the error is a sentence for the user.
  static base::Result<void> check(const std::vector<scenarios::NetworkFault>& faults);

  // The name of a run's own; nothing is made yet.
  explicit OwnNetwork(scenarios::OwnNetwork addresses);
  // Takes all away, if it was made.
  ~OwnNetwork();
  OwnNetwork(const OwnNetwork&) = delete;
  OwnNetwork& operator=(const OwnNetwork&) = delete;

  base::Result<void> make();
  // How a command runs inside of it.
  std::vector<std::string> inside(std::vector<std::string> command) const;

  base::Result<void> hurt(const scenarios::NetworkFault& fault) const;

  // What heals the link; what takes everything away. Each fails where something is left.
  faults::Undo healing() const;
  faults::Undo removal() const;

  const std::string& name() const { return name_; }

 private:
  scenarios::OwnNetwork addresses_;
  std::string name_;  // of the namespace and the table
  std::string link_;  // the harness's end
  std::string peer_;  // the program's
  bool made_ = false;
};

}  // namespace stormproof::run
