DROP TABLE "AgreedTerms";
DROP TABLE "DataExportRequest";
DROP TABLE "DataDeletionRequest";
DROP TABLE "ConsentLog";
