#ifndef RESETCTL_CLIENT_OUTPUT_LISTS_H_
#define RESETCTL_CLIENT_OUTPUT_LISTS_H_

#include <string>

#include "client/output/text.h"

namespace resetctl::v1 {
class AuditRecord;
class Environment;
class GetIdentityResponse;
class ListAgentsResponse;
class ListEntriesResponse;
class ListEnvironmentsResponse;
class ListPlansResponse;
class ListRunsResponse;
class ListSessionsResponse;
class ListTargetsResponse;
class Target;
}  // namespace resetctl::v1

namespace resetctl::client {

// Tables and small pages. An empty list says so in one line.
std::string RenderPlans(const Look& look, const v1::ListPlansResponse& response);
std::string RenderRuns(const Look& look, const v1::ListRunsResponse& response);
std::string RenderEnvironments(const Look& look, const v1::ListEnvironmentsResponse& response);
std::string RenderEnvironment(const Look& look, const v1::Environment& environment);
std::string RenderTargets(const Look& look, const v1::ListTargetsResponse& response);
std::string RenderTarget(const Look& look, const v1::Target& target);
std::string RenderAgents(const Look& look, const v1::ListAgentsResponse& response);
std::string RenderEntries(const Look& look, const v1::ListEntriesResponse& response);
// One entry on one line, time first.
std::string RenderEntryLine(const Look& look, const v1::AuditRecord& record);
std::string RenderSessions(const Look& look, const v1::ListSessionsResponse& response);
std::string RenderIdentity(const Look& look, const v1::GetIdentityResponse& identity);

}  // namespace resetctl::client

#endif  // RESETCTL_CLIENT_OUTPUT_LISTS_H_
