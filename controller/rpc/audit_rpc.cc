#include "controller/rpc/audit_rpc.h"

#include "resetctl/v1/audit.grpc.pb.h"

namespace resetctl::controller {
namespace {

class AuditRpc final : public v1::AuditService::CallbackService {
 public:
  AuditRpc(Gateway& gateway, AuditReader& reader) : gateway_(gateway), reader_(reader) {}

  grpc::ServerUnaryReactor* ListEntries(grpc::CallbackServerContext* context,
                                        const v1::ListEntriesRequest* request,
                                        v1::ListEntriesResponse* response) override {
    return Serve(gateway_, RuleOf("AuditService/ListEntries"), context,
                 [=, this](const Identity& who) {
                   return Give(reader_.ListEntries(who.person, *request), response);
                 });
  }

  grpc::ServerUnaryReactor* GetCheckpoint(grpc::CallbackServerContext* context,
                                          const v1::GetCheckpointRequest*,
                                          v1::GetCheckpointResponse* response) override {
    return Serve(gateway_, RuleOf("AuditService/GetCheckpoint"), context,
                 [=, this](const Identity&) { return Give(reader_.GetCheckpoint(), response); });
  }

  grpc::ServerUnaryReactor* GetConsistencyProof(
      grpc::CallbackServerContext* context, const v1::GetConsistencyProofRequest* request,
      v1::GetConsistencyProofResponse* response) override {
    return Serve(gateway_, RuleOf("AuditService/GetConsistencyProof"), context,
                 [=, this](const Identity&) {
                   return Give(reader_.GetConsistencyProof(*request), response);
                 });
  }

  grpc::ServerUnaryReactor* GetInclusionProof(grpc::CallbackServerContext* context,
                                              const v1::GetInclusionProofRequest* request,
                                              v1::GetInclusionProofResponse* response) override {
    return Serve(
        gateway_, RuleOf("AuditService/GetInclusionProof"), context,
        [=, this](const Identity&) { return Give(reader_.GetInclusionProof(*request), response); });
  }

  grpc::ServerUnaryReactor* ExportEntries(grpc::CallbackServerContext* context,
                                          const v1::ExportEntriesRequest* request,
                                          v1::ExportEntriesResponse* response) override {
    return Serve(gateway_, RuleOf("AuditService/ExportEntries"), context,
                 [=, this](const Identity& who) {
                   return Give(reader_.ExportEntries(who.person, *request), response);
                 });
  }

  grpc::ServerUnaryReactor* ListCosignatures(grpc::CallbackServerContext* context,
                                             const v1::ListCosignaturesRequest*,
                                             v1::ListCosignaturesResponse* response) override {
    return Serve(gateway_, RuleOf("AuditService/ListCosignatures"), context,
                 [=, this](const Identity& who) {
                   return Give(reader_.ListCosignatures(who.person), response);
                 });
  }

 private:
  Gateway& gateway_;
  AuditReader& reader_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeAuditRpc(Gateway& gateway, AuditReader& reader) {
  return std::make_unique<AuditRpc>(gateway, reader);
}

}  // namespace resetctl::controller
